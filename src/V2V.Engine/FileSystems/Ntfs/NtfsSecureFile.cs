using V2V.Engine.FileSystems.Ntfs.Index;
using V2V.Engine.FileSystems.Ntfs.Security;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>$Secure: one stream with all descriptors, and two indexes of it.</summary>
internal sealed class NtfsSecureFile : NtfsSecureStore
{
    private const string DataName = "$SDS";

    private readonly NtfsVolume _volume;
    private readonly NtfsFile _file;

    public NtfsSecureFile(NtfsVolume volume)
    {
        _volume = volume;
        _file = volume.Files.Get(NtfsSystemFile.Secure);
        ById = new NtfsFileIndexStore(_file, "$SII");
        ByHash = new NtfsFileIndexStore(_file, "$SDH");
    }

    public override NtfsIndexStore ById { get; }

    public override NtfsIndexStore ByHash { get; }

    public override long DataLength => Data.Length;

    private NtfsAttribute Stream => _file.Find(NtfsAttributeType.Data, DataName) is { IsCompressed: false } stream
        ? stream
        : throw NtfsErrors.Corrupt($"$Secure has no plain stream {DataName}.");

    private NtfsMetadataContent Data => new(_volume, _file, Stream);

    public override void ReadData(long offset, Span<byte> buffer) => Data.Read(offset, buffer);

    public override void WriteData(long offset, ReadOnlySpan<byte> data)
    {
        if (offset + data.Length > DataLength)
        {
            Data.Resize(offset + data.Length);
        }

        FillHoles(offset, data.Length);
        Data.Write(offset, data);
    }

    public override void TruncateData(long length) => Data.Resize(length);

    /// <summary>Windows does not make the stream sparse, but other drivers did, and chkdsk leaves it so.</summary>
    private void FillHoles(long offset, int length)
    {
        var stream = Stream;
        if (!stream.IsSparse)
        {
            return;
        }

        var log = _volume.Boot.ClusterLog;
        var end = (offset + length + _volume.Boot.ClusterSize - 1) >> log;
        foreach (var run in new NtfsClusterSpace(_volume, _file, stream).FillHoles(offset >> log, end))
        {
            new NtfsPagedStream(_volume, stream).Clear(run.Vcn << log, run.Length << log);
        }
    }
}
