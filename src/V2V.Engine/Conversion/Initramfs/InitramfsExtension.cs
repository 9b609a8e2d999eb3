using System.IO.Compression;
using V2V.Engine.IO;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// Adds drivers to an initramfs by appending one uncompressed archive, which the kernel unpacks over the rest. Everything that was there
/// stays as it is, byte for byte; no compressor's settings have to be met, and no program of the guest is run.
/// </summary>
internal static class InitramfsExtension
{
    /// <summary>What keeps an lz4 decoder that knows of the end of its data from taking the archive for a block (C.4: at least one size of zero).</summary>
    private const int Lz4EndLength = 8;

    /// <summary>Carries out a plan. The image is changed or, where it cannot be appended to as it is, replaced by a new one.</summary>
    /// <param name="image">The image.</param>
    /// <param name="contents">What it holds.</param>
    /// <param name="plan">What to add.</param>
    /// <param name="rewriteLz4">True where <see cref="MustRewriteLz4"/> says so.</param>
    public static InitramfsImage Build(InitramfsImage image, InitramfsContents contents, InitramfsPlan plan, bool rewriteLz4)
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

        foreach (var (path, target) in plan.Links)
        {
            archive.AddLink(path, target);
        }

        foreach (var (path, content) in plan.Replaced)
        {
            archive.ReplaceFile(path, contents.Tree.Find(path)!, content);
        }

        var result = rewriteLz4 ? ReplaceLz4(image, contents) : image;
        result.Align();
        if (contents.Segments is [.., { Compression: InitramfsCompression.Lz4Legacy }] && !rewriteLz4)
        {
            result.Append(stackalloc byte[Lz4EndLength]);
        }

        result.Append(archive.Complete());
        return result;
    }

    /// <summary>
    /// True when parts are compressed with lz4, whose legacy format has no end mark, and the kernel takes what follows for a block: those
    /// before 5.14 do (fixed by 2c484419efc0). Such parts become gzip.
    /// </summary>
    public static bool MustRewriteLz4(InitramfsContents contents, string kernel) =>
        contents.Segments.Any(s => s.Compression == InitramfsCompression.Lz4Legacy) && !KernelVersion.IsAtLeast(kernel, 5, 14);

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
    /// Reads the finished image and compares: what was there and was not to be replaced must be as it was, the rest as planned, and the
    /// indexes must lead from the devices to the modules. An image that was appended to is read from there on; a rewritten one as a whole.
    /// </summary>
    /// <exception cref="ConversionException">Something differs; the error is <see cref="V2VError.VerificationFailed"/>.</exception>
    public static void Verify(
        ArraySegment<byte> image, InitramfsContents contents, InitramfsPlan plan, KernelModules kernel, bool isRewritten, CancellationToken cancellation = default)
    {
        var before = contents.Tree;
        InitramfsTree after;
        try
        {
            after = (isRewritten ? InitramfsReader.Read(image, cancellation: cancellation) : InitramfsReader.Continue(image, contents, cancellation)).Tree;
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

        foreach (var (path, target) in plan.Links)
        {
            if (after.Find(path, followLast: false)?.LinkTarget != target)
            {
                throw InitramfsErrors.VerificationFailed($"/{path} is missing or differs");
            }
        }

        var expected = before.Enumerate().Count() + plan.Added.Count + plan.Links.Count + plan.Directories.Count;
        if (after.Enumerate().Count() != expected)
        {
            throw InitramfsErrors.VerificationFailed("it holds entries that nobody asked for");
        }

        if (plan.Drivers.Count > 0)
        {
            VerifyDrivers(after, plan, kernel);
        }
    }

    private static void VerifyDrivers(InitramfsTree tree, InitramfsPlan plan, KernelModules kernel)
    {
        Func<InitramfsDriver, bool> isFound;
        Func<KernelModule, bool> canLoad;
        if (plan.Generator == InitramfsGenerator.Booster)
        {
            var booster = new BoosterImage(tree, kernel.Kernel);
            (isFound, canLoad) = (booster.IsFound, booster.CanLoad);
        }
        else
        {
            var modules = InitramfsModules.Find(tree, kernel.Kernel);
            (isFound, canLoad) = (modules.IsFound, module => modules.CanLoad(module.Name));
        }

        foreach (var driver in plan.Drivers)
        {
            if (!isFound(driver))
            {
                throw InitramfsErrors.VerificationFailed($"its modules.alias does not lead from {driver.ModAlias} to {driver.Module}");
            }
        }

        foreach (var module in kernel.Closure(plan.Drivers.Select(d => d.Module)))
        {
            if (!canLoad(module))
            {
                throw InitramfsErrors.VerificationFailed($"{module.Name} cannot be loaded from it");
            }
        }
    }

    private static bool IsContent(InitramfsNode node, byte[] content) =>
        node.Length == content.Length && node.Checksum == Crc32C.Append(0, content);
}
