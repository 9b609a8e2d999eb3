using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>The fields of a value ("vk"), its name apart.</summary>
internal readonly record struct KeyValue
{
    public const int HeaderSize = 20;

    /// <summary>Bytes of data that fit into the field for the data's cell.</summary>
    public const int MaxInline = 4;

    private const uint InlineBit = 0x8000_0000;

    private const ushort CompressedName = 1;

    private const string What = "a value";

    public ushort NameLength { get; init; }

    /// <summary>Bytes of data, with the topmost bit set where they stand in <see cref="Data"/> itself.</summary>
    public uint RawSize { get; init; }

    /// <summary>Cell of the data, or the data.</summary>
    public uint Data { get; init; }

    public RegistryValueKind Kind { get; init; }

    public ushort Flags { get; init; }

    public bool IsNameCompressed => (Flags & CompressedName) != 0;

    public bool IsInline => (RawSize & InlineBit) != 0;

    public uint Size => RawSize & ~InlineBit;

    private static ReadOnlySpan<byte> Signature => "vk"u8;

    public static KeyValue Read(HiveCells cells, uint cell)
    {
        Span<byte> raw = stackalloc byte[HeaderSize];
        cells.Read(cell, 0, raw, What);
        if (!raw.StartsWith(Signature))
        {
            throw cells.Corrupt(cell, "a value is referred to there, and the cell holds something else.");
        }

        return new KeyValue
        {
            NameLength = BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.NameLength..]),
            RawSize = BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Size..]),
            Data = BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Data..]),
            Kind = (RegistryValueKind)BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Kind..]),
            Flags = BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.Flags..]),
        };
    }

    public string ReadName(HiveCells cells, uint cell)
    {
        if (NameLength == 0)
        {
            return "";
        }

        if (!IsNameCompressed && NameLength % 2 != 0)
        {
            throw cells.Corrupt(cell, $"the name of a value has {NameLength} bytes of UTF-16.");
        }

        var raw = new byte[NameLength];
        cells.Read(cell, HeaderSize, raw, What);
        return RegistryNames.Decode(raw, IsNameCompressed);
    }

    /// <summary>A value as it stands in its cell, with its name.</summary>
    public static byte[] Make(string name, RegistryValueKind kind)
    {
        var stored = RegistryNames.Encode(name, out var isCompressed);
        var raw = new byte[HeaderSize + stored.Length];
        new KeyValue
        {
            NameLength = (ushort)stored.Length,
            RawSize = InlineBit,
            Kind = kind,
            Flags = isCompressed ? CompressedName : (ushort)0,
        }.WriteTo(raw);
        stored.CopyTo(raw.AsSpan(HeaderSize));
        return raw;
    }

    /// <summary>The same value with other data, which stands in a cell.</summary>
    public KeyValue WithData(uint cell, int size) => this with { Data = cell, RawSize = (uint)size };

    /// <summary>The same value with other data of at most <see cref="MaxInline"/> bytes.</summary>
    public KeyValue WithInline(ReadOnlySpan<byte> data)
    {
        Span<byte> field = stackalloc byte[MaxInline];
        field.Clear();
        data.CopyTo(field);
        return this with { Data = BinaryPrimitives.ReadUInt32LittleEndian(field), RawSize = InlineBit | (uint)data.Length };
    }

    public void Write(HiveCells cells, uint cell)
    {
        Span<byte> raw = stackalloc byte[HeaderSize];
        cells.Read(cell, 0, raw, What);
        WriteTo(raw);
        cells.Write(cell, 0, raw, What);
    }

    private void WriteTo(Span<byte> raw)
    {
        Signature.CopyTo(raw);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.NameLength..], NameLength);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.Size..], RawSize);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.Data..], Data);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.Kind..], (uint)Kind);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.Flags..], Flags);
    }

    private static class Offsets
    {
        public const int NameLength = 2;
        public const int Size = 4;
        public const int Data = 8;
        public const int Kind = 12;
        public const int Flags = 16;
    }
}
