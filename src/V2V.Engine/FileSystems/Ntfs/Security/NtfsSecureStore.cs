using V2V.Engine.FileSystems.Ntfs.Index;

namespace V2V.Engine.FileSystems.Ntfs.Security;

/// <summary>Where the security descriptors of a volume live: the streams of its $Secure (file record 9).</summary>
internal abstract class NtfsSecureStore
{
    /// <summary>$SII: descriptors by their id.</summary>
    public abstract NtfsIndexStore ById { get; }

    /// <summary>$SDH: descriptors by the hash of their contents.</summary>
    public abstract NtfsIndexStore ByHash { get; }

    /// <summary>Bytes of the stream $SDS.</summary>
    public abstract long DataLength { get; }

    /// <summary>Reads exactly <c>buffer.Length</c> bytes of $SDS.</summary>
    public abstract void ReadData(long offset, Span<byte> buffer);

    /// <summary>Writes $SDS, which grows as needed; <paramref name="offset"/> is never behind its end. It must not become sparse.</summary>
    public abstract void WriteData(long offset, ReadOnlySpan<byte> data);

    /// <summary>Shortens $SDS.</summary>
    public abstract void TruncateData(long length);
}
