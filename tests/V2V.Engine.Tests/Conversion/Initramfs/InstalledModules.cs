using V2V.Engine.Conversion.Initramfs;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Initramfs;

/// <summary>The modules of a distribution's kernel that is installed on the machine that runs the tests.</summary>
internal sealed class InstalledModules
{
    private InstalledModules(string folder) => Folder = folder;

    public string Folder { get; }

    public string Version => Path.GetFileName(Folder);

    /// <summary>The kernel's modules as the engine sees a guest's; <paramref name="without"/> hides one of the index forms.</summary>
    public KernelModules Open(string without = "") => new(
        Version, Builtin(), path => !path.EndsWith(without.Length > 0 ? without : "?", StringComparison.Ordinal) && File.Exists(Path.Combine(Folder, path))
            ? File.ReadAllBytes(Path.Combine(Folder, path))
            : null);

    public HashSet<string> Builtin() => [.. File.ReadLines(Path.Combine(Folder, "modules.builtin")).Select(KmodAlias.ModuleName)];

    /// <summary>Skips the test unless there is such a kernel, with virtio drivers as modules.</summary>
    public static InstalledModules Find()
    {
        var found = Directory.Exists("/lib/modules")
            ? Directory.GetDirectories("/lib/modules").FirstOrDefault(d =>
                File.Exists($"{d}/modules.alias.bin") && File.ReadAllText($"{d}/modules.dep").Contains("/virtio_blk.ko", StringComparison.Ordinal))
            : null;
        Assert.SkipWhen(found is null, "needs an installed kernel with virtio modules below /lib/modules");
        return new InstalledModules(found);
    }
}
