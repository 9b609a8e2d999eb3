namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>An entry of $ATTRIBUTE_LIST: which record holds an attribute, or an extent of it.</summary>
internal readonly record struct NtfsAttributeListEntry(NtfsAttributeType Type, string Name, long LowestVcn, NtfsReference Record, ushort Instance)
{
    /// <summary>The most that Windows makes of a list.</summary>
    public const int MaxListSize = 256 << 10;

    private const int HeaderSize = 0x1A;

    public int Size => SizeOf(Name);

    public static int SizeOf(string name) => NtfsAttributeRecord.Align(HeaderSize + (name.Length * 2));

    /// <summary>Reads a whole list.</summary>
    /// <exception cref="GuestFileSystemException">An entry leads out of the list.</exception>
    public static List<NtfsAttributeListEntry> ReadAll(ReadOnlySpan<byte> list, ulong file)
    {
        var entries = new List<NtfsAttributeListEntry>();
        while (list.Length >= HeaderSize)
        {
            int size = list.U16(Offsets.Length);
            int nameOffset = list[Offsets.NameOffset];
            var nameSize = list[Offsets.NameLength] * 2;
            if (size < HeaderSize || size > list.Length || (nameSize > 0 && (nameOffset < HeaderSize || nameOffset + nameSize > size)))
            {
                throw NtfsErrors.Corrupt($"the attribute list of MFT record {file} has an entry that leads out of it.");
            }

            entries.Add(new NtfsAttributeListEntry(
                (NtfsAttributeType)list.U32(Offsets.Type),
                nameSize == 0 ? "" : NtfsText.Decode(list.Slice(nameOffset, nameSize)),
                list.I64(Offsets.LowestVcn),
                new NtfsReference(list.U64(Offsets.Record)),
                list.U16(Offsets.Instance)));
            list = list[size..];
        }

        return entries;
    }

    public void Write(Span<byte> target)
    {
        target[..Size].Clear();
        target.Put32(Offsets.Type, (uint)Type);
        target.Put16(Offsets.Length, Size);
        target[Offsets.NameLength] = (byte)Name.Length;
        target[Offsets.NameOffset] = HeaderSize;
        target.PutI64(Offsets.LowestVcn, LowestVcn);
        target.Put64(Offsets.Record, Record.Value);
        target.Put16(Offsets.Instance, Instance);
        NtfsText.Encode(Name, target[HeaderSize..]);
    }

    private static class Offsets
    {
        public const int Type = 0x00;
        public const int Length = 0x04;
        public const int NameLength = 0x06;
        public const int NameOffset = 0x07;
        public const int LowestVcn = 0x08;
        public const int Record = 0x10;
        public const int Instance = 0x18;
    }
}
