namespace V2V.Engine.Disks.Transports.Nbd;

/// <summary>The numbers of the NBD protocol (doc/proto.md of the NBD project, section "Values").</summary>
internal static class NbdNumbers
{
    /// <summary>"NBDMAGIC", with which a server begins.</summary>
    public const ulong ServerMagic = 0x4E42444D41474943;

    /// <summary>"IHAVEOPT": the server negotiates in the new style, and every option of the client.</summary>
    public const ulong OptionMagic = 0x49484156454F5054;

    /// <summary>What follows <see cref="ServerMagic"/> in the old style, without options.</summary>
    public const ulong OldStyleMagic = 0x00420281861253;

    public const ulong OptionReplyMagic = 0x3E889045565A9;

    public const uint RequestMagic = 0x25609513;

    public const uint SimpleReplyMagic = 0x67446698;

    public const uint StructuredReplyMagic = 0x668E33EF;

    /// <summary>The name of the metadata that tells holes from data.</summary>
    public const string Allocation = "base:allocation";

    // Handshake flags of the server, which the client answers with the same bits.
    public const int FixedNewStyle = 1 << 0;
    public const int NoZeroes = 1 << 1;

    // Transmission flags.
    public const int CanMultiConnect = 1 << 8;

    // The flag of the last chunk of a structured reply.
    public const int Done = 1 << 0;

    // Of a run in base:allocation.
    public const uint StateZero = 1 << 1;

    // Information about an export.
    public const ushort InfoExport = 0;
    public const ushort InfoBlockSize = 3;
}

internal enum NbdOption : uint
{
    ExportName = 1,
    StartTls = 5,
    Go = 7,
    StructuredReply = 8,
    SetMetaContext = 10,
}

/// <summary>What a server says to an option. The ones with the highest bit are errors, with a text for people as data.</summary>
internal enum NbdOptionReply : uint
{
    Acknowledged = 1,
    Info = 3,
    MetaContext = 4,
    FirstError = 0x80000000,
    Unsupported = FirstError + 1,
    Policy = FirstError + 2,
    TlsRequired = FirstError + 5,
    Unknown = FirstError + 6,
    ShuttingDown = FirstError + 7,
}

internal enum NbdCommand : ushort
{
    Read = 0,
    Disconnect = 2,
    BlockStatus = 7,
}

internal enum NbdChunk : ushort
{
    None = 0,
    OffsetData = 1,
    OffsetHole = 2,
    BlockStatus = 5,
    FirstError = 1 << 15,
}
