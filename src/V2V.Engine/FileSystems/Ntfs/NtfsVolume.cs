using V2V.Engine.Disks;
using V2V.Engine.FileSystems.Ntfs.Index;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>What every part of the implementation shares: the device, its geometry, the cached metadata and the files in use.</summary>
internal sealed class NtfsVolume
{
    private NtfsUpcase? _upcase;
    private NtfsClusterAllocator? _clusters;

    public NtfsVolume(WritableBlockDevice device, NtfsBootSector boot)
    {
        Device = device;
        Boot = boot;
        Cache = new NtfsBufferCache(device);
        Mft = new NtfsMft(this);
        Files = new NtfsFileTable(this);
        Records = new NtfsRecordAllocator(this);
    }

    public WritableBlockDevice Device { get; }

    public NtfsBootSector Boot { get; }

    public NtfsBufferCache Cache { get; }

    public NtfsMft Mft { get; }

    public NtfsFileTable Files { get; }

    public NtfsRecordAllocator Records { get; }

    public NtfsVolumeInformation Information { get; private set; } = new(3, 1, NtfsVolumeFlags.None);

    public string? Label { get; private set; }

    /// <summary>The first records of the MFT, which $MFTMirr has copies of; 0 when it does not lie in one piece.</summary>
    public ulong MirroredRecords { get; private set; }

    /// <summary>Byte offset of the first copy.</summary>
    public long MirrorAddress { get; private set; }

    public NtfsUpcase Upcase => _upcase ?? throw new InvalidOperationException("Names are compared before $UpCase is read.");

    public NtfsClusterAllocator Clusters => _clusters ??= new NtfsClusterAllocator(this);

    /// <summary>Reads what the rest needs: $MFT, $MFTMirr, $Volume, $UpCase.</summary>
    public void Load()
    {
        Files.Get(NtfsSystemFile.Mft);
        LoadMirror();
        var volume = Files.Get(NtfsSystemFile.Volume);
        Information = NtfsVolumeInformation.Parse(
            volume.Find(NtfsAttributeType.VolumeInformation)?.Value ?? throw NtfsErrors.Corrupt("$Volume has no $VOLUME_INFORMATION."));
        Label = volume.Find(NtfsAttributeType.VolumeName)?.Value is { Length: > 0 } label ? NtfsText.Decode(label.AsSpan(0, label.Length & ~1)) : null;
        var upcase = Files.Get(NtfsSystemFile.UpCase);
        if (upcase.Data is not { DataSize: <= NtfsUpcase.Size } data)
        {
            throw NtfsErrors.Corrupt("$UpCase is missing or too large.");
        }

        var table = new byte[data.DataSize];
        new NtfsFileContent(this, upcase, data).Read(0, table);
        _upcase = NtfsUpcase.Parse(table);
    }

    public bool NamesAreEqual(string left, string right) => _upcase?.AreEqual(left, right) ?? left == right;

    /// <summary>The order of attributes in a record and in attribute lists: type, then name.</summary>
    public int CompareAttributes(NtfsAttribute left, NtfsAttribute right)
    {
        if (left.Type != right.Type)
        {
            return left.Type.CompareTo(right.Type);
        }

        var order = string.CompareOrdinal(Upcase.ToUpper(left.Name), Upcase.ToUpper(right.Name));
        return order != 0 ? order : string.CompareOrdinal(left.Name, right.Name);
    }

    /// <summary>A volume without a usable mirror can still be read.</summary>
    private void LoadMirror()
    {
        if (Files.Get(NtfsSystemFile.MftMirror).Data is { Runs: { Count: 1 } runs } mirror && !runs[0].IsHole && mirror.DataSize >= Boot.RecordSize)
        {
            MirroredRecords = Math.Min((ulong)(mirror.DataSize / Boot.RecordSize), Mft.Count);
            MirrorAddress = runs[0].Lcn << Boot.ClusterLog;
        }
    }
}
