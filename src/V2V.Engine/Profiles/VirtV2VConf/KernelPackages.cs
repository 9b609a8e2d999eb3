using V2V.Engine.Inspection;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>The package of the kernel that a guest should get: of the kind that it boots now, unless that is one for Xen alone.</summary>
internal static class KernelPackages
{
    /// <summary>Kinds that old releases of Red Hat's have besides the plain one, as a version ends: "2.6.18-92.el5PAE", "2.6.9-55.ELsmp".</summary>
    private static readonly string[] RedHatKinds = ["PAE", "largesmp", "hugemem", "smp"];

    /// <summary>Kinds of SUSE's kernels, as a version ends: "2.6.16.60-0.21-smp".</summary>
    private static readonly string[] SuseKinds = ["default", "smp", "bigsmp", "pae"];

    /// <summary>The package that a dependency on "kernel" means.</summary>
    public static string For(InspectedGuest guest)
    {
        var version = guest.Kernels.FirstOrDefault(kernel => kernel.IsDefault)?.Version ?? "";
        return LinuxFamilies.Of(guest.OperatingSystem) switch
        {
            LinuxFamily.RedHat => RedHatKinds.FirstOrDefault(kind => version.EndsWith(kind, StringComparison.Ordinal)) is { } kind ? $"kernel-{kind}" : "kernel",
            LinuxFamily.Suse => $"kernel-{SuseKinds.FirstOrDefault(kind => version.EndsWith("-" + kind, StringComparison.Ordinal)) ?? "default"}",
            _ => "kernel",
        };
    }
}
