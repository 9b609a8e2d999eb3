using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux.Boot;

/// <summary>
/// DEFAULTKERNEL of Red Hat's /etc/sysconfig/kernel: the package whose next update becomes the default. Left at kernel-xen, it would bring
/// back what was just replaced.
/// </summary>
internal static partial class DefaultKernelPackage
{
    private const string Path = "/etc/sysconfig/kernel";

    /// <summary>What is in the version of a kernel's flavour, and the end of its package's name.</summary>
    private static readonly (string InVersion, string Package)[] Flavours =
    [
        ("PAE", "kernel-PAE"), ("hugemem", "kernel-hugemem"), ("largesmp", "kernel-largesmp"), ("smp", "kernel-smp"), ("uek", "kernel-uek"),
    ];

    public static void Set(ConversionContext context, InstalledKernel kernel, string why)
    {
        if (context.Files.TryReadAllText(Path) is not { } text)
        {
            return;
        }

        var package = Flavours.FirstOrDefault(f => kernel.Version.Contains(f.InVersion, StringComparison.Ordinal)).Package
            ?? (context.Guest.HasPackage("kernel-core") ? "kernel-core" : "kernel");
        context.Files.WriteAllText(
            Path, TextLines.Edit(text, line => Setting().Replace(line, "${start}" + package)), $"updates of {package} become the default", why);
    }

    [GeneratedRegex(@"^(?<start>\s*DEFAULTKERNEL=).*")]
    private static partial Regex Setting();
}
