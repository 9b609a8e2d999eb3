using V2V.Engine.Conversion.Initramfs;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;
using V2V.Engine.Volumes.Gpt;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Lets QEMU start the kernel of a guest that has a boot loader's configuration but no boot loader, as Xen's pygrub did: the domain names
/// copies of kernel and initramfs, with the command line that the guest's own menu has for them.
/// </summary>
public sealed class DirectKernelBoot : LinuxStep
{
    public override string Name => "Preparing to start without a boot loader";

    public override bool AppliesTo(InspectedGuest guest) => base.AppliesTo(guest) && !guest.HasBootLoaderOnDisk;

    public override void Apply(ConversionContext context)
    {
        var guest = context.Guest;
        var kernel = guest.Kernels.First(k => k.IsDefault);
        RequireBootable(context, kernel);
        context.Hardware.DirectBoot = new DirectBoot(kernel.ImagePath, kernel.InitramfsPath, CommandLine(context, kernel));
        context.Add(new Concern(
            ConcernSeverity.Warning, "DirectKernelBoot",
            $"The guest has no boot loader on its disk. Its domain starts a copy of the kernel {kernel}; kernels that are installed in the guest later are not started.",
            Advice(context)));
    }

    /// <summary>QEMU loads bzImages (Documentation/arch/x86/boot.rst), and what hypervisors of Xen could load besides, it can't.</summary>
    private static void RequireBootable(ConversionContext context, InstalledKernel kernel)
    {
        var at = context.Files.Root.Resolve(kernel.ImagePath);
        var head = new byte[KernelImage.HeadLength];
        var length = at.FileSystem.Read(at.Path, 0, head);
        if (!KernelImage.IsBzImage(head.AsSpan(0, length)))
        {
            throw new ConversionException(
                V2VError.GuestUnsupported, $"The guest has no boot loader on its disk, and its kernel {kernel.ImagePath} is no bzImage, which is what QEMU can start.")
            {
                Path = kernel.ImagePath,
                Advice = "Install a boot loader in the guest (grub-install), or the distribution's ordinary kernel, before converting it.",
            };
        }
    }

    /// <summary>What the menu has after the other steps corrected it; without a menu, what every guest needs.</summary>
    private static string CommandLine(ConversionContext context, InstalledKernel kernel)
    {
        var root = context.Files.Root;
        var image = root.RealPath(kernel.ImagePath);
        var menu = BootLoaders.Find(root, context.Guest.Firmware).Menu;
        if ((menu.Default?.KernelPath == image ? menu.Default : menu.Entries.FirstOrDefault(e => e.KernelPath == image && !e.IsXenHypervisor)) is { } entry)
        {
            return string.Join(' ', entry.Arguments);
        }

        var uuid = context.Guest.Volumes.FirstOrDefault(v => v.MountPoint == "/")?.Uuid
            ?? throw new ConversionException(
                V2VError.GuestUnsupported, "The guest has no boot loader, no boot menu, and no UUID on its root file system, so its kernel cannot be told where that is.")
            {
                Advice = "Install a boot loader in the guest before converting it.",
            };
        return $"root=UUID={uuid} ro";
    }

    private static string Advice(ConversionContext context)
    {
        var disk = context.Guest.BootDiskIndex;
        var volumes = context.Guest.Volumes.Select(v => v.Volume).Where(v => v.DiskIndex == disk).ToList();
        if (volumes.TrueForAll(v => v.PartitionNumber is null)
            || (volumes.Exists(v => v.GptType is not null) && !volumes.Exists(v => v.GptType == GptPartitionTypes.BiosBoot)))
        {
            return "Its disk has no room for one: after an update, copy kernel and initramfs out of the guest over the domain's files.";
        }

        var device = DiskNames.Of(disk, context.Hardware.DiskBus);
        var commands = context.Files.Root.FileExists("/usr/sbin/grub2-install")
            ? $"'grub2-install {device}' and 'grub2-mkconfig -o /boot/grub2/grub.cfg'"
            : $"'grub-install {device}'";
        return $"To let it start its own kernels, run {commands} in the guest (package {(context.Guest.OperatingSystem.PackageFormat == "deb" ? "grub-pc" : "grub2 or grub")}), "
            + "then remove the elements kernel, initrd and cmdline from the domain ('virsh edit').";
    }
}
