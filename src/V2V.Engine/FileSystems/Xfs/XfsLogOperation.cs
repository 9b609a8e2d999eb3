using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>An operation in a record of the log: a piece of a transaction (XFS Algorithms &amp; Data Structures, "Log Operations").</summary>
/// <param name="Transaction">What it belongs to.</param>
/// <param name="Length">Bytes that follow its header.</param>
/// <param name="Flags">What it is.</param>
internal readonly record struct XfsLogOperation(uint Transaction, uint Length, XfsLogOperationFlags Flags)
{
    public const int HeaderSize = 12;

    private const int ClientOffset = 8;

    private const int FlagsOffset = 9;

    /// <summary>The number and the contents that the kernel gives the operation of an unmount.</summary>
    private const uint UnmountTransaction = 0xB0C0D0D0;
    private const ushort UnmountMagic = 0x556E;
    private const int UnmountLength = 8;

    /// <summary>XFS_LOG: from the log itself, not from a transaction.</summary>
    private const byte LogClient = 0xAA;

    public bool IsUnmount => Flags.HasFlag(XfsLogOperationFlags.Unmount);

    public static XfsLogOperation Parse(byte[] contents, int offset)
    {
        var raw = contents.AsReadOnly()[offset..];
        return new XfsLogOperation(raw.U32(0), raw.U32(4), (XfsLogOperationFlags)raw[FlagsOffset]);
    }

    public static void WriteUnmount(Span<byte> raw)
    {
        raw.Put32(0, UnmountTransaction);
        raw.Put32(4, UnmountLength);
        raw[ClientOffset] = LogClient;
        raw[FlagsOffset] = (byte)XfsLogOperationFlags.Unmount;
        BinaryPrimitives.WriteUInt16LittleEndian(raw[HeaderSize..], UnmountMagic);
    }
}

/// <summary>oh_flags.</summary>
[Flags]
internal enum XfsLogOperationFlags : byte
{
    None = 0,
    Start = 0x1,
    Commit = 0x2,
    /// <summary>The piece goes on in a later operation.</summary>
    Continued = 0x4,
    /// <summary>The piece began in an earlier operation.</summary>
    Continuation = 0x8,
    End = 0x10,
    Unmount = 0x20,
}
