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

    private NtfsMetadataContent Data => new(_volume, _file, _file.Find(NtfsAttributeType.Data, DataName) is { HasCompressedSize: false } data
        ? data
        : throw NtfsErrors.Corrupt($"$Secure has no plain stream {DataName}."));

    public override void ReadData(long offset, Span<byte> buffer) => Data.Read(offset, buffer);

    public override void WriteData(long offset, ReadOnlySpan<byte> data)
    {
        if (offset + data.Length > DataLength)
        {
            Data.Resize(offset + data.Length);
        }

        Data.Write(offset, data);
    }

    public override void TruncateData(long length) => Data.Resize(length);
}
