using SharpCompress.Compressors.BZip2;
using ZstdSharp;
using ZstdSharp.Unsafe;
using CompressionMode = SharpCompress.Compressors.CompressionMode;

namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>A way to compress one file, known by its first bytes.</summary>
/// <param name="Name">The usual word for it.</param>
/// <param name="Recognises">Whether a file's first bytes are of this kind.</param>
/// <param name="Unpack">Starts to unpack a file, which is disposed with the result. Its arguments: the file, the size of its content if that is known, the folder for temporary files.</param>
internal sealed record Compression(string Name, Func<byte[], bool> Recognises, Func<DiskFile, long?, string?, PackedContent> Unpack)
{
    /// <summary>The largest window that is decoded: what "zstd --ultra" and "--long=27" need. xz's limit is its own.</summary>
    private const int MaximumZstdWindow = 27;

    public static Compression Gzip { get; } = Sequential("gzip", head => head is [0x1F, 0x8B, 8, ..], source => new GzipMembers(source));

    public static Compression Bzip2 { get; } = Sequential(
        "bzip2", head => head is [(byte)'B', (byte)'Z', (byte)'h', >= (byte)'1' and <= (byte)'9', 0x31, 0x41, 0x59, 0x26, ..],
        source => BZip2Stream.Create(new BufferedStream(source, BufferSize), CompressionMode.Decompress, decompressConcatenated: true));

    public static Compression Zstd { get; } = Sequential(
        "zstd", head => head is [0x28, 0xB5, 0x2F, 0xFD, ..], DecodeZstd);

    public static Compression Xz { get; } = new(
        "xz", head => head is [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..], (file, _, folder) => new XzContent(file, folder));

    public static IReadOnlyList<Compression> All { get; } = [Gzip, Xz, Zstd, Bzip2];

    private const int BufferSize = 1 << 18;

    /// <summary>The compression of a file; null when it is none that is known.</summary>
    /// <param name="head">The file's first bytes.</param>
    public static Compression? Find(byte[] head) => All.FirstOrDefault(c => c.Recognises(head));

    /// <summary>Opens what a compressed file holds, however often it is asked, unpacking it once.</summary>
    public PackedFile Content(Func<DiskFile> open, string? temporaryFolder) => new(() => Unpack(open(), null, temporaryFolder));

    private static Compression Sequential(string name, Func<byte[], bool> recognises, Func<DiskFileStream, Stream> decode) =>
        new(name, recognises, (file, length, folder) => new SequentialContent(file, name, decode, length, folder));

    private static DecompressionStream DecodeZstd(DiskFileStream source)
    {
        var decoder = new DecompressionStream(source, BufferSize, checkEndOfStream: true);
        decoder.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, MaximumZstdWindow);
        return decoder;
    }
}
