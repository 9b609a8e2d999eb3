namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>$STANDARD_INFORMATION: times, flags and, from NTFS 3.0 on, the id of the security descriptor.</summary>
internal readonly struct NtfsStandardInformation
{
    /// <summary>Bytes up to NTFS 1.2, where each file had a $SECURITY_DESCRIPTOR.</summary>
    public const int Size12 = 48;

    public const int Size30 = 72;

    private readonly NtfsFile _file;
    private readonly byte[] _value;

    public NtfsStandardInformation(NtfsFile file, byte[] value)
    {
        if (value.Length < Size12)
        {
            throw NtfsErrors.Corrupt($"$STANDARD_INFORMATION of MFT record {file.Number} has only {value.Length} bytes.");
        }

        (_file, _value) = (file, value);
    }

    /// <summary>True when it has the fields of NTFS 3.0.</summary>
    public bool IsExtended => _value.Length >= Size30;

    public ulong Created
    {
        get => Value.U64(Offsets.Created);
        set => Put(Offsets.Created, value);
    }

    /// <summary>Last change of the contents.</summary>
    public ulong Modified
    {
        get => Value.U64(Offsets.Modified);
        set => Put(Offsets.Modified, value);
    }

    /// <summary>Last change of anything in the MFT record.</summary>
    public ulong Changed
    {
        get => Value.U64(Offsets.Changed);
        set => Put(Offsets.Changed, value);
    }

    public ulong Accessed
    {
        get => Value.U64(Offsets.Accessed);
        set => Put(Offsets.Accessed, value);
    }

    public NtfsFileFlags Flags
    {
        get => (NtfsFileFlags)Value.U32(Offsets.Flags);
        set
        {
            _value.AsSpan().Put32(Offsets.Flags, (uint)value);
            _file.MarkDirty();
        }
    }

    /// <summary>Key of the descriptor in $Secure, or 0.</summary>
    public uint SecurityId
    {
        get => IsExtended ? Value.U32(Offsets.SecurityId) : 0;
        set
        {
            _value.AsSpan().Put32(Offsets.SecurityId, value);
            _file.MarkDirty();
        }
    }

    private ReadOnlySpan<byte> Value => _value;

    private void Put(int offset, ulong value)
    {
        _value.AsSpan().Put64(offset, value);
        _file.MarkDirty();
    }

    private static class Offsets
    {
        public const int Created = 0x00;
        public const int Modified = 0x08;
        public const int Changed = 0x10;
        public const int Accessed = 0x18;
        public const int Flags = 0x20;
        public const int SecurityId = 0x34;
    }
}
