namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The header of an MFT record in its buffer.</summary>
internal readonly struct NtfsRecord(NtfsBuffer buffer, ulong number)
{
    private const int SequenceArrayOffset31 = 0x30;
    private const int SequenceArrayOffset30 = 0x2A;

    public NtfsBuffer Buffer { get; } = buffer;

    public ulong Number { get; } = number;

    public ushort Sequence => Data.U16(Offsets.Sequence);

    public ushort LinkCount => Data.U16(Offsets.LinkCount);

    public NtfsRecordFlags Flags => (NtfsRecordFlags)Data.U16(Offsets.Flags);

    public bool IsInUse => Flags.HasFlag(NtfsRecordFlags.InUse);

    /// <summary>The file that this record extends; zero for a file's first record.</summary>
    public NtfsReference Base => new(Data.U64(Offsets.Base));

    public ushort NextInstance => Data.U16(Offsets.NextInstance);

    public int AttributesOffset => Data.U16(Offsets.AttributesOffset);

    public int BytesInUse => (int)Data.U32(Offsets.BytesInUse);

    private ReadOnlySpan<byte> Data => Buffer.Data;

    public static bool HasSignature(ReadOnlySpan<byte> record) => record.StartsWith("FILE"u8);

    /// <summary>Checks what everything else relies on.</summary>
    /// <exception cref="GuestFileSystemException">The header makes no sense.</exception>
    public void Check()
    {
        var sequenceArrayEnd = Data.U16(NtfsFixups.Offsets.ArrayOffset) + NtfsFixups.ArrayLength(Data.Length);
        if (!HasSignature(Data) || Data.U32(Offsets.BytesInUse) > (uint)Data.Length || AttributesOffset < sequenceArrayEnd
            || AttributesOffset % 8 != 0 || AttributesOffset > BytesInUse - 4)
        {
            throw NtfsErrors.Corrupt($"MFT record {Number} has no valid header.", Buffer.Address);
        }
    }

    /// <summary>Reads the attribute at an offset; false at the end mark.</summary>
    public bool ReadAttribute(int offset, out NtfsAttributeRecord attribute) =>
        NtfsAttributeRecord.Read(Data[offset..BytesInUse], Buffer.Address + offset, out attribute);

    /// <summary>Where the attributes of a new record begin.</summary>
    public static int FirstAttribute(int recordSize, bool storesNumber) =>
        NtfsAttributeRecord.Align((storesNumber ? SequenceArrayOffset31 : SequenceArrayOffset30) + NtfsFixups.ArrayLength(recordSize));

    /// <summary>Makes a buffer an empty record that is not in use.</summary>
    /// <param name="data">The buffer's contents.</param>
    /// <param name="number">The record's number.</param>
    /// <param name="sequence">How often it was used.</param>
    /// <param name="storesNumber">True from NTFS 3.1 on.</param>
    public static void Format(Span<byte> data, ulong number, ushort sequence, bool storesNumber)
    {
        data.Clear();
        "FILE"u8.CopyTo(data);
        var arrayOffset = storesNumber ? SequenceArrayOffset31 : SequenceArrayOffset30;
        var arrayLength = NtfsFixups.ArrayLength(data.Length);
        var attributes = FirstAttribute(data.Length, storesNumber);
        data.Put16(NtfsFixups.Offsets.ArrayOffset, arrayOffset);
        data.Put16(NtfsFixups.Offsets.ArrayCount, arrayLength / 2);
        data.Put16(arrayOffset, 1);
        data.Put16(Offsets.Sequence, sequence);
        data.Put16(Offsets.AttributesOffset, attributes);
        data.Put32(Offsets.BytesInUse, (uint)attributes + 8);
        data.Put32(Offsets.BytesAllocated, (uint)data.Length);
        data.Put32(attributes, NtfsAttributeRecord.EndMark);
        if (storesNumber)
        {
            data.Put32(Offsets.Number, (uint)number);
        }
    }

    /// <summary>Fields that the layout of a file sets.</summary>
    public static class Offsets
    {
        public const int Sequence = 0x10;
        public const int LinkCount = 0x12;
        public const int AttributesOffset = 0x14;
        public const int Flags = 0x16;
        public const int BytesInUse = 0x18;
        public const int BytesAllocated = 0x1C;
        public const int Base = 0x20;
        public const int NextInstance = 0x28;
        public const int Number = 0x2C;
    }
}
