namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>An attribute, or one extent of it, as it stands in an MFT record. Only made by <see cref="Read"/>, which checks every bound.</summary>
internal readonly ref struct NtfsAttributeRecord
{
    /// <summary>Stands in the place of a type behind the last attribute.</summary>
    public const uint EndMark = uint.MaxValue;

    /// <summary>Bytes before the name or value of a resident attribute.</summary>
    public const int ResidentHeaderSize = 0x18;

    private const int Alignment = 8;

    private readonly ReadOnlySpan<byte> _data;

    private NtfsAttributeRecord(ReadOnlySpan<byte> data) => _data = data;

    public int Length => _data.Length;

    public NtfsAttributeType Type => (NtfsAttributeType)_data.U32(Offsets.Type);

    public bool IsResident => _data[Offsets.NonResident] == 0;

    public string Name => NtfsText.Decode(_data.Slice(_data.U16(Offsets.NameOffset), _data[Offsets.NameLength] * 2));

    public NtfsAttributeFlags Flags => (NtfsAttributeFlags)_data.U16(Offsets.Flags);

    public ushort Instance => _data.U16(Offsets.Instance);

    public ReadOnlySpan<byte> Value => _data.Slice(_data.U16(Offsets.ValueOffset), (int)_data.U32(Offsets.ValueLength));

    /// <summary>RESIDENT_ATTR_IS_INDEXED of $FILE_NAME attributes.</summary>
    public byte ResidentFlags => _data[Offsets.ResidentFlags];

    public long LowestVcn => _data.I64(Offsets.LowestVcn);

    public long HighestVcn => _data.I64(Offsets.HighestVcn);

    public byte CompressionUnit => _data[Offsets.CompressionUnit];

    public long AllocatedSize => _data.I64(Offsets.AllocatedSize);

    public long DataSize => _data.I64(Offsets.DataSize);

    public long InitializedSize => _data.I64(Offsets.InitializedSize);

    public ReadOnlySpan<byte> MappingPairs => _data[_data.U16(Offsets.MappingPairsOffset)..];

    /// <summary>Reads the attribute that begins a span; false at the end mark.</summary>
    /// <param name="data">From the attribute to the end of what is in use of the record.</param>
    /// <param name="offset">Where it stands, for the error.</param>
    /// <param name="attribute">The attribute.</param>
    /// <exception cref="GuestFileSystemException">A field leads out of the record.</exception>
    public static bool Read(ReadOnlySpan<byte> data, long offset, out NtfsAttributeRecord attribute)
    {
        attribute = default;
        if (data.Length < 4)
        {
            throw Corrupt(offset);
        }

        if (data.U32(Offsets.Type) == EndMark)
        {
            return false;
        }

        if (data.Length < ResidentHeaderSize || data.U32(Offsets.Length) is var length && (length < ResidentHeaderSize || length > (uint)data.Length || length % Alignment != 0))
        {
            throw Corrupt(offset);
        }

        data = data[..(int)data.U32(Offsets.Length)];
        var nameEnd = data.U16(Offsets.NameOffset) + (data[Offsets.NameLength] * 2);
        if (data[Offsets.NameLength] > 0 && (nameEnd > data.Length || data.U16(Offsets.NameOffset) < ResidentHeaderSize) || data.U16(Offsets.NameOffset) > data.Length)
        {
            throw Corrupt(offset);
        }

        if (data[Offsets.NonResident] == 0)
        {
            var valueOffset = data.U16(Offsets.ValueOffset);
            if (valueOffset < ResidentHeaderSize || valueOffset > data.Length || data.U32(Offsets.ValueLength) > (uint)(data.Length - valueOffset))
            {
                throw Corrupt(offset);
            }
        }
        else if (data[Offsets.NonResident] != 1 || data.Length < Offsets.CompressedSize
            || data.U16(Offsets.MappingPairsOffset) is var pairs && (pairs < Offsets.CompressedSize || pairs > data.Length)
            || data.I64(Offsets.LowestVcn) < 0 || data[Offsets.CompressionUnit] > 16)
        {
            throw Corrupt(offset);
        }

        attribute = new NtfsAttributeRecord(data);
        return true;
    }

    /// <summary>Bytes of a resident attribute.</summary>
    public static int ResidentSize(string name, int valueLength) => Align(ResidentHeaderSize + Align(name.Length * 2) + valueLength);

    /// <summary>Bytes of an extent of a non-resident attribute.</summary>
    /// <param name="name">The attribute's name.</param>
    /// <param name="pairsLength">Bytes of its mapping pairs.</param>
    /// <param name="hasCompressedSize">True for the first extent of what is sparse or compressed.</param>
    public static int NonResidentSize(string name, int pairsLength, bool hasCompressedSize) =>
        Align(NonResidentHeaderSize(hasCompressedSize) + Align(name.Length * 2) + pairsLength);

    /// <summary>Writes a resident attribute and returns its length.</summary>
    public static int WriteResident(Span<byte> target, NtfsAttribute attribute, ushort instance)
    {
        var value = attribute.Value!;
        var size = ResidentSize(attribute.Name, value.Length);
        target[..size].Clear();
        var valueOffset = ResidentHeaderSize + Align(attribute.Name.Length * 2);
        WriteHeader(target, attribute, instance, size, ResidentHeaderSize);
        target.Put32(Offsets.ValueLength, (uint)value.Length);
        target.Put16(Offsets.ValueOffset, valueOffset);
        target[Offsets.ResidentFlags] = attribute.ResidentFlags;
        value.CopyTo(target[valueOffset..]);
        return size;
    }

    /// <summary>Writes an extent of a non-resident attribute and returns its length. Only the first one carries the sizes.</summary>
    public static int WriteExtent(Span<byte> target, NtfsAttribute attribute, ushort instance, ReadOnlySpan<NtfsRun> runs, long lowestVcn)
    {
        var isFirst = lowestVcn == 0;
        var hasCompressedSize = isFirst && attribute.HasCompressedSize;
        var nameOffset = NonResidentHeaderSize(hasCompressedSize);
        var pairsOffset = nameOffset + Align(attribute.Name.Length * 2);
        var size = Align(pairsOffset + NtfsMappingPairs.SizeOf(runs));
        target[..size].Clear();
        WriteHeader(target, attribute, instance, size, nameOffset);
        target[Offsets.NonResident] = 1;
        target.PutI64(Offsets.LowestVcn, lowestVcn);
        target.PutI64(Offsets.HighestVcn, runs.IsEmpty ? lowestVcn - 1 : runs[^1].End - 1);
        target.Put16(Offsets.MappingPairsOffset, pairsOffset);
        target[Offsets.CompressionUnit] = attribute.CompressionUnit;
        if (isFirst)
        {
            target.PutI64(Offsets.AllocatedSize, attribute.AllocatedSize);
            target.PutI64(Offsets.DataSize, attribute.DataSize);
            target.PutI64(Offsets.InitializedSize, attribute.InitializedSize);
            if (hasCompressedSize)
            {
                target.PutI64(Offsets.CompressedSize, attribute.CompressedSize);
            }
        }

        NtfsMappingPairs.Encode(runs, target[pairsOffset..]);
        return size;
    }

    public static int Align(int length) => (length + Alignment - 1) & -Alignment;

    private static int NonResidentHeaderSize(bool hasCompressedSize) => Offsets.CompressedSize + (hasCompressedSize ? sizeof(long) : 0);

    private static void WriteHeader(Span<byte> target, NtfsAttribute attribute, ushort instance, int size, int nameOffset)
    {
        target.Put32(Offsets.Type, (uint)attribute.Type);
        target.Put32(Offsets.Length, (uint)size);
        target[Offsets.NameLength] = (byte)attribute.Name.Length;
        target.Put16(Offsets.NameOffset, nameOffset);
        target.Put16(Offsets.Flags, (ushort)attribute.Flags);
        target.Put16(Offsets.Instance, instance);
        NtfsText.Encode(attribute.Name, target[nameOffset..]);
    }

    private static GuestFileSystemException Corrupt(long offset) => NtfsErrors.Corrupt("an attribute leads out of its MFT record.", offset);

    private static class Offsets
    {
        public const int Type = 0x00;
        public const int Length = 0x04;
        public const int NonResident = 0x08;
        public const int NameLength = 0x09;
        public const int NameOffset = 0x0A;
        public const int Flags = 0x0C;
        public const int Instance = 0x0E;

        public const int ValueLength = 0x10;
        public const int ValueOffset = 0x14;
        public const int ResidentFlags = 0x16;

        public const int LowestVcn = 0x10;
        public const int HighestVcn = 0x18;
        public const int MappingPairsOffset = 0x20;
        public const int CompressionUnit = 0x22;
        public const int AllocatedSize = 0x28;
        public const int DataSize = 0x30;
        public const int InitializedSize = 0x38;
        public const int CompressedSize = 0x40;
    }
}
