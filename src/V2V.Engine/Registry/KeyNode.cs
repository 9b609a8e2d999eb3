using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>The fields of a key ("nk"), its name apart. What is not named here is kept as it is.</summary>
internal readonly record struct KeyNode
{
    public const int HeaderSize = 76;

    private const string What = "a key";

    public ushort Flags { get; init; }

    /// <summary>FILETIME.</summary>
    public ulong LastWritten { get; init; }

    /// <summary>Access history and, since Windows 10, how the key is layered over that of another hive.</summary>
    public uint AccessBits { get; init; }

    /// <summary>Cell of the parent; of no meaning in the root.</summary>
    public uint Parent { get; init; }

    public uint SubkeyCount { get; init; }

    public uint SubkeyList { get; init; }

    public uint ValueCount { get; init; }

    public uint ValueList { get; init; }

    public uint Security { get; init; }

    public uint Class { get; init; }

    /// <summary>Bytes of the longest name below, in UTF-16; in the upper half other flags since Windows XP SP3.</summary>
    public uint MaxSubkeyName { get; init; }

    public uint MaxSubkeyClass { get; init; }

    public uint MaxValueName { get; init; }

    public uint MaxValueData { get; init; }

    public ushort NameLength { get; init; }

    public ushort ClassLength { get; init; }

    public bool IsNameCompressed => (Flags & KeyFlags.CompressedName) != 0;

    /// <summary>Number of values; a predefined handle has its number in this field.</summary>
    public uint EffectiveValueCount => (Flags & KeyFlags.PredefinedHandle) != 0 ? 0 : ValueCount;

    private static ReadOnlySpan<byte> Signature => "nk"u8;

    /// <summary>The key in a cell.</summary>
    public static KeyNode Read(HiveCells cells, uint cell)
    {
        Span<byte> raw = stackalloc byte[HeaderSize];
        cells.Read(cell, 0, raw, What);
        if (!raw.StartsWith(Signature))
        {
            throw cells.Corrupt(cell, "a key is referred to there, and the cell holds something else.");
        }

        return Parse(raw);
    }

    public string ReadName(HiveCells cells, uint cell)
    {
        if (NameLength == 0 || NameLength > RegistryNames.MaxKeyName * (IsNameCompressed ? 1 : 2) || (!IsNameCompressed && NameLength % 2 != 0))
        {
            throw cells.Corrupt(cell, $"the name of a key has {NameLength} bytes.");
        }

        Span<byte> raw = stackalloc byte[NameLength];
        cells.Read(cell, HeaderSize, raw, What);
        return RegistryNames.Decode(raw, IsNameCompressed);
    }

    /// <summary>Replaces the fields of an existing key.</summary>
    public void Write(HiveCells cells, uint cell)
    {
        Span<byte> raw = stackalloc byte[HeaderSize];
        cells.Read(cell, 0, raw, What);
        WriteTo(raw);
        cells.Write(cell, 0, raw, What);
    }

    public void WriteTo(Span<byte> raw)
    {
        Signature.CopyTo(raw);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.Flags..], Flags);
        BinaryPrimitives.WriteUInt64LittleEndian(raw[Offsets.LastWritten..], LastWritten);
        Set(raw, Offsets.AccessBits, AccessBits);
        Set(raw, Offsets.Parent, Parent);
        Set(raw, Offsets.SubkeyCount, SubkeyCount);
        Set(raw, Offsets.SubkeyList, SubkeyList);
        Set(raw, Offsets.ValueCount, ValueCount);
        Set(raw, Offsets.ValueList, ValueList);
        Set(raw, Offsets.Security, Security);
        Set(raw, Offsets.Class, Class);
        Set(raw, Offsets.MaxSubkeyName, MaxSubkeyName);
        Set(raw, Offsets.MaxSubkeyClass, MaxSubkeyClass);
        Set(raw, Offsets.MaxValueName, MaxValueName);
        Set(raw, Offsets.MaxValueData, MaxValueData);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.NameLength..], NameLength);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.ClassLength..], ClassLength);
    }

    /// <summary>Marks lists that are written to no file as being nowhere.</summary>
    public static void WriteNoVolatileKeys(Span<byte> raw)
    {
        Set(raw, Offsets.VolatileCount, 0);
        Set(raw, Offsets.VolatileList, HiveCells.None);
    }

    private static KeyNode Parse(ReadOnlySpan<byte> raw) => new()
    {
        Flags = BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.Flags..]),
        LastWritten = BinaryPrimitives.ReadUInt64LittleEndian(raw[Offsets.LastWritten..]),
        AccessBits = Get(raw, Offsets.AccessBits),
        Parent = Get(raw, Offsets.Parent),
        SubkeyCount = Get(raw, Offsets.SubkeyCount),
        SubkeyList = Get(raw, Offsets.SubkeyList),
        ValueCount = Get(raw, Offsets.ValueCount),
        ValueList = Get(raw, Offsets.ValueList),
        Security = Get(raw, Offsets.Security),
        Class = Get(raw, Offsets.Class),
        MaxSubkeyName = Get(raw, Offsets.MaxSubkeyName),
        MaxSubkeyClass = Get(raw, Offsets.MaxSubkeyClass),
        MaxValueName = Get(raw, Offsets.MaxValueName),
        MaxValueData = Get(raw, Offsets.MaxValueData),
        NameLength = BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.NameLength..]),
        ClassLength = BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.ClassLength..]),
    };

    private static uint Get(ReadOnlySpan<byte> raw, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(raw[offset..]);

    private static void Set(Span<byte> raw, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(raw[offset..], value);

    private static class Offsets
    {
        public const int Flags = 2;
        public const int LastWritten = 4;
        public const int AccessBits = 12;
        public const int Parent = 16;
        public const int SubkeyCount = 20;
        public const int VolatileCount = 24;
        public const int SubkeyList = 28;
        public const int VolatileList = 32;
        public const int ValueCount = 36;
        public const int ValueList = 40;
        public const int Security = 44;
        public const int Class = 48;
        public const int MaxSubkeyName = 52;
        public const int MaxSubkeyClass = 56;
        public const int MaxValueName = 60;
        public const int MaxValueData = 64;

        // 68: index of the last lookup, in Windows 2000 only.
        public const int NameLength = 72;
        public const int ClassLength = 74;
    }
}

/// <summary>Bits of <see cref="KeyNode.Flags"/>.</summary>
internal static class KeyFlags
{
    /// <summary>A mount point of another hive, which exists in memory only.</summary>
    public const ushort HiveExit = 0x0002;

    public const ushort HiveEntry = 0x0004;

    public const ushort NoDelete = 0x0008;

    public const ushort SymbolicLink = 0x0010;

    public const ushort CompressedName = 0x0020;

    public const ushort PredefinedHandle = 0x0040;
}
