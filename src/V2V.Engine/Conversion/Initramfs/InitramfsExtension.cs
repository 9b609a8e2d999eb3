using System.IO.Compression;
using V2V.Engine.IO;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// Adds drivers to an initramfs by appending one uncompressed archive, which the kernel unpacks over the rest. Everything that was there
/// stays as it is, byte for byte; no compressor's settings have to be met, and no program of the guest is run.
/// </summary>
internal static class InitramfsExtension
{
    /// <summary>Carries out a plan. The image is changed or, where it cannot be appended to as it is, replaced by a new one.</summary>
    public static InitramfsImage Build(InitramfsImage image, InitramfsContents contents, InitramfsPlan plan)
    {
        var archive = new CpioWriter();
        foreach (var directory in plan.Directories)
        {
            archive.AddDirectory(directory);
        }

        foreach (var (path, content) in plan.Added)
        {
            archive.AddFile(path, content);
        }

        foreach (var (path, content) in plan.Replaced)
        {
            archive.ReplaceFile(path, contents.Tree.Find(path)!, content);
        }

        var result = HasLz4(contents) ? ReplaceLz4(image, contents) : image;
        result.Align();
        result.Append(archive.Complete());
        return result;
    }

    /// <summary>
    /// True when parts are compressed with lz4, whose legacy format has no end mark: kernels before 5.14 take what follows for a block
    /// (fixed by 2c484419efc0), so such parts become gzip.
    /// </summary>
    public static bool HasLz4(InitramfsContents contents) => contents.Segments.Any(s => s.Compression == InitramfsCompression.Lz4Legacy);

    private static InitramfsImage ReplaceLz4(InitramfsImage image, InitramfsContents contents)
    {
        var result = new InitramfsImage([]);
        foreach (var segment in contents.Segments)
        {
            var data = image.Content.Slice(segment.Offset, segment.Length);
            result.Align();
            if (segment.Compression == InitramfsCompression.Lz4Legacy)
            {
                using var output = new MemoryStream(segment.Length);
                using (var gzip = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true))
                {
                    CompressedSegment.Decode(segment.Compression, data, content => gzip.Write(content));
                }

                result.Append(output.GetBuffer().AsSpan(0, (int)output.Length));
            }
            else
            {
                result.Append(data);
            }
        }

        return result;
    }

    /// <summary>
    /// Reads the finished image anew and compares: what was there and was not to be replaced must be as it was, the rest as planned, and
    /// the indexes must lead from the devices to the modules.
    /// </summary>
    /// <exception cref="ConversionException">Something differs; the error is <see cref="V2VError.VerificationFailed"/>.</exception>
    public static void Verify(ArraySegment<byte> image, InitramfsTree before, InitramfsPlan plan, KernelModules kernel, CancellationToken cancellation = default)
    {
        InitramfsTree after;
        try
        {
            after = InitramfsReader.Read(image, cancellation: cancellation).Tree;
        }
        catch (ConversionException e)
        {
            throw InitramfsErrors.VerificationFailed(e.Message);
        }

        foreach (var (path, old) in before.Enumerate())
        {
            var now = after.Find(path, followLast: false);
            var isSame = plan.Replaced.TryGetValue(path, out var content)
                ? now is { IsRegular: true } && now.Mode == old.Mode && IsContent(now, content)
                : now is not null && now.IsSameAs(old);
            if (!isSame)
            {
                throw InitramfsErrors.VerificationFailed($"/{path} is not as it was");
            }
        }

        foreach (var (path, content) in plan.Added)
        {
            if (after.Find(path, followLast: false) is not { IsRegular: true } now || !IsContent(now, content))
            {
                throw InitramfsErrors.VerificationFailed($"/{path} is missing or differs");
            }
        }

        var expected = before.Enumerate().Count() + plan.Added.Count + plan.Directories.Count;
        if (after.Enumerate().Count() != expected)
        {
            throw InitramfsErrors.VerificationFailed("it holds entries that nobody asked for");
        }

        VerifyDrivers(InitramfsModules.Find(after, kernel.Kernel), plan, kernel);
    }

    private static void VerifyDrivers(InitramfsModules modules, InitramfsPlan plan, KernelModules kernel)
    {
        foreach (var driver in plan.Drivers)
        {
            if (driver.ModAlias is not null && !modules.Aliases.Match(driver.ModAlias).Contains(driver.Module))
            {
                throw InitramfsErrors.VerificationFailed($"its modules.alias does not lead from {driver.ModAlias} to {driver.Module}");
            }
        }

        foreach (var module in kernel.Closure(plan.Drivers.Select(d => d.Module)))
        {
            if (!modules.CanLoad(module.Name))
            {
                throw InitramfsErrors.VerificationFailed($"{module.Name} cannot be loaded from it");
            }
        }
    }

    private static bool IsContent(InitramfsNode node, byte[] content) =>
        node.Length == content.Length && node.Checksum == Crc32C.Append(0, content);
}
