using V2V.Engine.Conversion.Software;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux.Software;

/// <summary>
/// Puts packages that give the guest virtio drivers into it, when its kernel has none, and lets the guest install them at its first start. Nothing
/// of a guest runs here, so they cannot be installed now: the guest starts on hardware that its present kernel drives, and is given virtio
/// devices later.
/// </summary>
public sealed class StageSoftware : LinuxStep
{
    private const string Capability = "virtio";

    private const string Why = "The guest's kernel has no virtio drivers; the packages that have are installed by the guest itself.";

    private static readonly FirstBootService Service = new(
        "v2v-software", "Install packages after the conversion to KVM", "Installs packages after the conversion to KVM", Why)
    {
        UnitOrder =
            """
            After=local-fs.target systemd-remount-fs.service
            # Both use the package manager.
            Before=v2v-firstboot.service
            """,
        UnitType = "oneshot",
    };

    public override string Name => "Staging packages with virtio drivers";

    public override void Apply(ConversionContext context)
    {
        var kernel = context.Guest.Kernels.First(k => k.IsDefault);
        if (context.Options.Software is { } software && !DrivesVirtio(kernel) && Resolve(context, software, kernel) is { } packages)
        {
            Stage(context, packages);
        }
    }

    private static bool DrivesVirtio(InstalledKernel kernel) =>
        kernel.Supports("virtio_pci") && (kernel.Supports("virtio_blk") || kernel.Supports("virtio_scsi")) && kernel.Supports("virtio_net");

    /// <summary>The packages, all of them checked; null, with a concern, when there are none for the guest.</summary>
    private static PackageFile[]? Resolve(ConversionContext context, GuestSoftware software, InstalledKernel kernel)
    {
        ResolvedSoftware resolved;
        try
        {
            resolved = software.Resolve(context.Guest, Capability);
        }
        catch (ProfileException e) when (e.Error == V2VError.SoftwareNotFound)
        {
            // An error without a path is that of no configuration: nobody has asked for packages then.
            ReportNone(context, kernel, e.Path is null ? ConcernSeverity.Information : ConcernSeverity.Warning, e.Message, e.Advice);
            return null;
        }

        if (resolved.FindRefusal() is { } refusal)
        {
            throw refusal;
        }

        if (resolved.Packages.Count == 0)
        {
            ReportNone(
                context, kernel, ConcernSeverity.Warning, $"By the configuration the packages that the guest has are enough for the capability {Capability}.",
                "Make a kernel with virtio drivers the guest's default if it has one, or demand a newer one by the minversion of the capability's dependency on kernel.");
            return null;
        }

        var format = context.Guest.OperatingSystem.PackageFormat;
        if (format is not ("rpm" or "deb"))
        {
            ReportNone(context, kernel, ConcernSeverity.Warning, $"The configuration names packages for it, but V2V installs those of rpm and dpkg only, and the guest has {format ?? "no package manager that is known"}.", null);
            return null;
        }

        PackageFile[] files = [.. resolved.Packages.Select(package => PackageFile.Check(package, format))];
        GuestSpaceForSoftware.Demand(context.Files.Root, files);
        return files;
    }

    private static void ReportNone(ConversionContext context, InstalledKernel kernel, ConcernSeverity severity, string reason, string? advice) => context.Add(new Concern(
        severity, "SoftwareNotFound",
        $"The guest gets no kernel with virtio drivers in place of {kernel}: {reason} The capability {Capability} needs, for {context.Guest.OperatingSystem}: "
        + $"{string.Join(", ", VirtioPackages.Files(context.Guest))} (or newer).",
        advice));

    private static void Stage(ConversionContext context, PackageFile[] files)
    {
        // Numbered, so that names that occur twice stay apart and their order is seen.
        var staged = files.Select((file, i) => (File: file, Name: $"{i + 1:00}-{file.Name}")).ToArray();
        foreach (var (file, name) in staged)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            using var content = Open(file);
            context.Files.WriteStream($"{SoftwareScript.Folder}/{name}", content, $"copied from {file.Package.FullPath}", Why);
        }

        // A guest that is converted once more has what came of the first time.
        foreach (var left in new[] { "result", "starts", "kernels" })
        {
            context.Files.Delete($"{SoftwareScript.Folder}/{left}", "it is of an earlier conversion");
        }

        var format = context.Guest.OperatingSystem.PackageFormat!;
        Service.Install(
            context.Files,
            disable => SoftwareScript.Write(
                format, staged.Where(s => !s.File.Package.IsKernel).Select(s => s.Name), staged.Where(s => s.File.Package.IsKernel).Select(s => s.Name), disable),
            $"installs {string.Join(", ", files.Select(f => f.Name))}");
        context.Add(SwitchToVirtio.Concern(context, files));
    }

    private static FileStream Open(PackageFile file)
    {
        try
        {
            return File.OpenRead(file.Package.FullPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConversionException(V2VError.SoftwareInvalid, $"The package {file.Package.FullPath} for the guest cannot be read: {e.Message}", e) { Path = file.Package.FullPath };
        }
    }
}
