namespace V2V.Engine.Sources.Ovf;

/// <summary>An OVF package in one file: a plain tar archive, read in place.</summary>
internal sealed class OvaSource : GuestSource
{
    private const int TarMagicOffset = 257;

    public override string Kind => "OVA";

    public override bool Recognises(string path)
    {
        var head = DescriptorFile.ReadHead(path);
        return IsTar(head) || Compression(head) is not null;
    }

    public override IReadOnlyList<SourceGuest> Read(string path, SourceOptions options, CancellationToken cancellation)
    {
        if (Compression(DescriptorFile.ReadHead(path)) is { } compression)
        {
            throw new SourceException(V2VError.SourceUnsupported, $"{path} is compressed ({compression}), which is not supported yet.")
            {
                Path = path,
                Format = Kind,
                Advice = "Unpack it, then give the .ovf file or the disk image in it.",
            };
        }

        return [OvfGuest.Read(new OvfArchive(path), path, Kind, cancellation)];
    }

    /// <summary>POSIX writes "ustar\0", GNU "ustar  ".</summary>
    private static bool IsTar(ReadOnlySpan<byte> head) =>
        head.Length >= TarMagicOffset + 5 && head.Slice(TarMagicOffset, 5).SequenceEqual("ustar"u8);

    private static string? Compression(ReadOnlySpan<byte> head)
    {
        return head switch
        {
            [0x1F, 0x8B, 8, ..] => "gzip",
            [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] => "xz",
            [(byte)'P', (byte)'K', 3, 4, ..] or [(byte)'P', (byte)'K', 5, 6, ..] or [(byte)'P', (byte)'K', 7, 8, ..] => "zip",
            [(byte)'B', (byte)'Z', (byte)'h', >= (byte)'1' and <= (byte)'9', 0x31, 0x41, 0x59, 0x26, ..] => "bzip2",
            [0x28, 0xB5, 0x2F, 0xFD, ..] => "zstd",
            [(byte)'7', (byte)'z', 0xBC, 0xAF, 0x27, 0x1C, ..] => "7-Zip",
            _ => null,
        };
    }
}
