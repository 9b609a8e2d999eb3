using System.Security.Cryptography;
using V2V.Engine.Conversion.Initramfs;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Gives the initramfs of every kernel that can boot the drivers for virtio disks. When the default kernel's cannot be given them, the
/// disks are put on a bus that it can drive already.
/// </summary>
public sealed class AddVirtioToInitramfs : LinuxStep
{
    /// <summary>Room for the metadata that growing a file takes, and to leave /boot not quite full.</summary>
    private const long SpareBytes = 256 << 10;

    public override string Name => "Adding virtio drivers to the initramfs";

    public override void Apply(ConversionContext context)
    {
        if (context.Hardware.DiskBus is not (DiskBus.Virtio or DiskBus.VirtioScsi))
        {
            return;
        }

        // The default first: it decides about the bus.
        var kernels = context.Guest.Kernels.OrderByDescending(k => k.IsDefault).ToArray();
        var isDefault = true;
        foreach (var kernel in kernels)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            try
            {
                Extend(context, kernel, InitramfsNeeds.For(context.Hardware.DiskBus));
            }
            catch (V2VException e) when (e.Error != V2VError.VerificationFailed)
            {
                if (isDefault)
                {
                    LowerDiskBus(context, kernel, e);
                    return;
                }

                context.Add(new Concern(
                    ConcernSeverity.Warning, "KernelWithoutVirtio",
                    $"The guest's kernel {kernel} will not find its disks and cannot be booted on KVM: {e.Message}", e.Advice));
            }

            isDefault = false;
        }
    }

    private static void Extend(ConversionContext context, InstalledKernel kernel, InitramfsNeeds needs)
    {
        var root = context.Guest.Root;
        if (IsBuiltin(kernel, needs) && kernel.InitramfsPath is null)
        {
            return;
        }

        var path = RequireInitramfs(kernel);
        RequireDrivers(kernel, needs);
        RequireSameVersion(root, kernel);

        var image = InitramfsImage.Read(root, path);
        var contents = ReadContents(image, path, context.Cancellation);
        var modules = new KernelModules(root, kernel);
        var plan = InitramfsPlanner.Plan(contents.Tree, modules, needs);
        if (plan.IsEmpty)
        {
            return;
        }

        if (InitramfsExtension.HasLz4(contents))
        {
            RequireGzip(root, kernel);
        }

        var extended = InitramfsExtension.Build(image, contents, plan);
        InitramfsExtension.Verify(extended.Content, contents.Tree, plan, modules, context.Cancellation);
        RequireSpace(root, path, extended.Length);
        var added = plan.Modules.Count == 0 ? "module indexes completed" : $"added {string.Join(", ", plan.Modules.Select(m => m.Name))}";
        var why = plan.Modules.Count == 0
            ? "its indexes did not lead from virtio devices to their modules"
            : $"it had no driver for the new disks: {string.Join("; ", plan.Modules.Select(m => $"{m.Name} {m.Why}"))}";
        context.Files.Replace(path, extended.Content, added, why);
        UpdateChecksum(context, kernel, extended);
    }

    /// <summary>
    /// update-initramfs of Debian up to 9 and Ubuntu up to 18.04 notes each image's checksum and will not replace one that somebody else
    /// has altered.
    /// </summary>
    private static void UpdateChecksum(ConversionContext context, InstalledKernel kernel, InitramfsImage image)
    {
        var path = $"/var/lib/initramfs-tools/{kernel.Version}";
        if (context.Files.TryReadAllText(path) is not { } record || record.IndexOf("  ", StringComparison.Ordinal) != SHA1.HashSizeInBytes * 2)
        {
            return;
        }

#pragma warning disable CA5350 // The guest's own format.
        var checksum = Convert.ToHexStringLower(SHA1.HashData(image.Content));
#pragma warning restore CA5350
        context.Files.WriteAllText(
            path, checksum + record[checksum.Length..], "checksum of the extended initramfs", "update-initramfs does not touch images that it did not make");
    }

    private static bool IsBuiltin(InstalledKernel kernel, InitramfsNeeds needs) => needs.Required.All(d => kernel.Builtin.Contains(d.Module));

    private static string RequireInitramfs(InstalledKernel kernel) => kernel.InitramfsPath
        ?? throw InitramfsErrors.Unsupported(
            $"The guest's kernel {kernel} has no initramfs, and its virtio drivers are not built in.",
            "Make an initramfs for it in the guest before converting it.");

    private static void RequireDrivers(InstalledKernel kernel, InitramfsNeeds needs)
    {
        if (needs.Required.FirstOrDefault(d => !kernel.Supports(d.Module)) is { } missing)
        {
            throw InitramfsErrors.Unsupported(
                $"The guest's kernel {kernel} has no driver {missing.Module}.", "Install a kernel with virtio drivers in the guest before converting it.");
        }
    }

    private static void RequireSameVersion(GuestRoot root, InstalledKernel kernel)
    {
        var at = root.Resolve(kernel.ImagePath);
        if (at.FileSystem.Find(at.Path) is not { IsRegular: true })
        {
            throw InitramfsErrors.Unsupported($"The guest's kernel {kernel.ImagePath} does not exist.");
        }

        var head = new byte[KernelImage.HeadLength];
        var length = at.FileSystem.Read(at.Path, 0, head);
        if (KernelImage.ReadVersion(head.AsSpan(0, length)) is { } version && version != kernel.Version)
        {
            throw InitramfsErrors.Unsupported(
                $"The guest's kernel {kernel.ImagePath} is of version {version}, the modules found for it are of {kernel.Version}.",
                "Reinstall the kernel package in the guest before converting it.");
        }
    }

    /// <summary>An lz4 image is rewritten with gzip, which nearly every kernel unpacks; its build configuration tells.</summary>
    private static void RequireGzip(GuestRoot root, InstalledKernel kernel)
    {
        if (root.TryReadAllText($"/boot/config-{kernel.Version}") is { } configuration
            && !configuration.Contains("CONFIG_RD_GZIP=y", StringComparison.Ordinal))
        {
            throw InitramfsErrors.Unsupported(
                "The initramfs is compressed with lz4, to which nothing can be appended, and the guest's kernel cannot unpack gzip.",
                "Rebuild the initramfs in the guest with zstd or xz before converting it.");
        }
    }

    private static void RequireSpace(GuestRoot root, string path, long length)
    {
        var at = root.Resolve(path);
        var free = at.FileSystem.Space.FreeBytes;
        if (free < length + SpareBytes)
        {
            throw new ConversionException(
                V2VError.FileSystemFull,
                $"{path} has to be replaced by a file of {length >> 10} KiB, but only {free >> 10} KiB are free on the guest's {at.Mount.MountPoint}.")
            {
                Path = path,
                Advice = $"Free space on {at.Mount.MountPoint} in the guest, for example by removing old kernels, before converting it.",
            };
        }
    }

    private static InitramfsContents ReadContents(InitramfsImage image, string path, CancellationToken cancellation)
    {
        try
        {
            return InitramfsReader.Read(image.Content, cancellation: cancellation);
        }
        catch (ConversionException e)
        {
            throw new ConversionException(e.Error, $"{path}: {e.Message}", e) { Path = path, Format = e.Format, Offset = e.Offset, Advice = e.Advice };
        }
    }

    /// <summary>The default kernel cannot have virtio disks: takes SATA or IDE if its initramfs drives them as it is.</summary>
    private static void LowerDiskBus(ConversionContext context, InstalledKernel kernel, V2VException reason)
    {
        // The machine with an IDE controller, pc, is not one that UEFI guests are given.
        (DiskBus Bus, string Machine)[] choices = context.Guest.Firmware == Firmware.Uefi
            ? [(DiskBus.Sata, context.Hardware.Machine)]
            : [(DiskBus.Sata, context.Hardware.Machine), (DiskBus.Ide, "pc")];
        foreach (var (bus, machine) in choices)
        {
            if (CanDrive(context, kernel, bus))
            {
                context.Hardware.DiskBus = bus;
                context.Hardware.Machine = machine;
                context.Add(new Concern(
                    ConcernSeverity.Warning, "DiskBusLowered",
                    $"The guest's disks are attached by {(bus == DiskBus.Sata ? "SATA" : "IDE")}, which is slower than virtio: {reason.Message}",
                    reason.Advice));
                return;
            }
        }

        throw new ConversionException(
            reason.Error is V2VError.FileSystemFull ? reason.Error : V2VError.GuestUnsupported,
            $"The guest's kernel {kernel} would not find its disks on KVM: {reason.Message} Its initramfs has no driver for SATA or IDE either.", reason)
        {
            Path = kernel.InitramfsPath,
            Format = reason.Format,
            Offset = reason.Offset,
            Advice = reason.Advice,
        };
    }

    private static bool CanDrive(ConversionContext context, InstalledKernel kernel, DiskBus bus)
    {
        var needs = InitramfsNeeds.For(bus);
        try
        {
            if (IsBuiltin(kernel, needs))
            {
                return true;
            }

            var root = context.Guest.Root;
            RequireDrivers(kernel, needs);
            var tree = InitramfsReader.Read(InitramfsImage.Read(root, RequireInitramfs(kernel)).Content, cancellation: context.Cancellation).Tree;
            return InitramfsPlanner.Plan(tree, new KernelModules(root, kernel), needs).IsEmpty;
        }
        catch (V2VException)
        {
            // Whatever stands against virtio was reported already; here it only means that this bus is no way out.
            return false;
        }
    }
}
