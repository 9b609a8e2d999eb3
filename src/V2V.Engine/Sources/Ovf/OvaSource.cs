using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Ovf;

/// <summary>An OVF package in one file: a plain tar archive, read in place.</summary>
internal sealed class OvaSource : GuestSource
{
    private const int TarMagicOffset = 257;

    public override string Kind => "OVA";

    public override bool Recognises(SourceFile file) => IsTar(file.Head) || Compression(file.Head) is not null;

    public override IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation)
    {
        if (Compression(file.Head) is { } compression)
        {
            throw new SourceException(V2VError.SourceUnsupported, $"{file.Path} is compressed ({compression}), which is not supported yet.")
            {
                Path = file.Path,
                Format = Kind,
                Advice = "Unpack it, then give the .ovf file or the disk image in it.",
            };
        }

        var archive = TarStore.Read(file.Open);
        var descriptor = SourceFile.In(archive, FindDescriptor(file.Path, [.. archive.Entries.Select(e => e.Name)]));
        return [OvfGuest.Read(new OvfPackage(descriptor, options), file.Path, Kind, cancellation)];
    }

    private static string FindDescriptor(string path, IReadOnlyList<string> names)
    {
        // Archives made on a Mac carry a "._" shadow of every file.
        var descriptors = names
            .Where(n => n.EndsWith(".ovf", StringComparison.OrdinalIgnoreCase) && !StoreName.Base(n).StartsWith("._", StringComparison.Ordinal))
            .ToList();
        return descriptors.Count switch
        {
            1 => descriptors[0],
            0 => throw Wrong(path, "has no .ovf descriptor in it.", "Check that the file is an OVA; convert disk images one by one."),
            _ => throw Wrong(
                path, $"has {descriptors.Count} .ovf descriptors in it: {string.Join(", ", descriptors.Take(5))}.",
                "Unpack it and convert each .ovf file."),
        };
    }

    private static SourceException Wrong(string path, string what, string advice) =>
        new(V2VError.SourceInvalid, $"{path} {what}") { Path = path, Format = "OVA", Advice = advice };

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
