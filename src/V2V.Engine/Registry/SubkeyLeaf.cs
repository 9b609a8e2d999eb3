using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>Kinds of lists of subkeys, as their two letters say.</summary>
internal enum SubkeyListKind
{
    /// <summary>"li": offsets only; before Windows NT 4, and from some writers since.</summary>
    Index,

    /// <summary>"lf": offsets with the first four characters of the names.</summary>
    Fast,

    /// <summary>"lh": offsets with hashes of the names; since version 1.5.</summary>
    Hash,

    /// <summary>"ri": a list of lists.</summary>
    Root,
}

/// <summary>One list of subkeys: its cell, kind and number of elements.</summary>
internal readonly record struct SubkeyLeaf(uint Cell, SubkeyListKind Kind, int Count)
{
    public const int HeaderSize = 4;

    private const string What = "a list of subkeys";

    /// <summary>Whether it names keys.</summary>
    public bool IsLeaf => Kind != SubkeyListKind.Root && Count > 0;

    public int EntrySize => SizeOf(Kind);

    public int Length => HeaderSize + (Count * EntrySize);

    /// <summary>The most elements that Windows puts into one list: those that fit into the smallest bin.</summary>
    public int Limit => LimitOf(Kind);

    public static int SizeOf(SubkeyListKind kind) => kind is SubkeyListKind.Fast or SubkeyListKind.Hash ? 8 : 4;

    public static int LimitOf(SubkeyListKind kind) =>
        (HivePages.PageSize - HiveBin.HeaderSize - (2 * HiveCells.HeaderSize) - HeaderSize) / SizeOf(kind);

    public static SubkeyLeaf Read(HiveCells cells, uint cell)
    {
        Span<byte> raw = stackalloc byte[HeaderSize];
        cells.Read(cell, 0, raw, What);
        SubkeyListKind? kind = raw[0] switch
        {
            (byte)'l' when raw[1] == 'i' => SubkeyListKind.Index,
            (byte)'l' when raw[1] == 'f' => SubkeyListKind.Fast,
            (byte)'l' when raw[1] == 'h' => SubkeyListKind.Hash,
            (byte)'r' when raw[1] == 'i' => SubkeyListKind.Root,
            _ => null,
        };
        if (kind is not { } known)
        {
            throw cells.Corrupt(cell, "a list of subkeys is referred to there, and the cell holds something else.");
        }

        var leaf = new SubkeyLeaf(cell, known, BinaryPrimitives.ReadUInt16LittleEndian(raw[2..]));
        return leaf.Length <= cells.Payload(cell, What)
            ? leaf
            : throw cells.Corrupt(cell, $"a list of {leaf.Count} subkeys is longer than its cell.");
    }

    /// <summary>The elements as they are stored.</summary>
    public byte[] ReadEntries(HiveCells cells)
    {
        var raw = new byte[Count * EntrySize];
        cells.Read(Cell, HeaderSize, raw, What);
        return raw;
    }

    /// <summary>Cell of the key, or of the list, that an element names.</summary>
    public uint ReadEntry(HiveCells cells, int index) =>
        cells.Pages.ReadUInt32(Cell + HiveCells.HeaderSize + HeaderSize + (uint)(index * EntrySize));

    public void WriteEntry(HiveCells cells, int index, uint value) =>
        cells.Pages.WriteUInt32(Cell + HiveCells.HeaderSize + HeaderSize + (uint)(index * EntrySize), value);

    public static byte[] Make(SubkeyListKind kind, ReadOnlySpan<byte> entries)
    {
        var raw = new byte[HeaderSize + entries.Length];
        (kind switch
        {
            SubkeyListKind.Index => "li"u8,
            SubkeyListKind.Fast => "lf"u8,
            SubkeyListKind.Hash => "lh"u8,
            _ => "ri"u8,
        }).CopyTo(raw);
        BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(2), (ushort)(entries.Length / SizeOf(kind)));
        entries.CopyTo(raw.AsSpan(HeaderSize));
        return raw;
    }

    /// <summary>An element for a key.</summary>
    public static byte[] MakeEntry(SubkeyListKind kind, uint key, string name)
    {
        var raw = new byte[SizeOf(kind)];
        BinaryPrimitives.WriteUInt32LittleEndian(raw, key);
        if (raw.Length > sizeof(uint))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(
                raw.AsSpan(sizeof(uint)), kind == SubkeyListKind.Hash ? RegistryNames.Hash(name) : RegistryNames.Hint(name));
        }

        return raw;
    }
}
