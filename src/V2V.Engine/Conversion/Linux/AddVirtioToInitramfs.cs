using V2V.Engine.Sources;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Gives the initramfs of every kernel that can boot the drivers for the disks' new bus, and takes from it what it waits for on the old
/// machine. When the default kernel's cannot be given virtio, the disks are put on a bus that it can drive.
/// </summary>
public sealed class AddVirtioToInitramfs : LinuxStep
{
    /// <summary>Up to this much of compressed images is held at once; the memory for a conversion stays flat.</summary>
    private const long MaxPrefetchedBytes = 96 << 20;

    public override string Name => "Adding drivers to the initramfs";

    public override void Apply(ConversionContext context)
    {
        // The default first: it decides about the bus.
        var images = new Queue<KernelInitramfs>(context.Guest.Kernels.OrderByDescending(k => k.IsDefault).Select(k => new KernelInitramfs(context, k)));
        var isDefault = true;
        while (images.TryDequeue(out var image))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            image.StartReading();
            if (images.TryPeek(out var next) && image.FileLength + next.FileLength <= MaxPrefetchedBytes)
            {
                next.StartReading();
            }

            if (isDefault)
            {
                ServeDefault(context, image);
            }
            else
            {
                ServeOther(context, image);
            }

            isDefault = false;
        }
    }

    private static void ServeDefault(ConversionContext context, KernelInitramfs image)
    {
        V2VException? reason = null;
        var (wantedBus, wantedMachine) = (context.Hardware.DiskBus, context.Hardware.Machine);
        foreach (var (bus, machine) in Choices(context).ToList())
        {
            // The names that disks will have are asked of the hardware.
            (context.Hardware.DiskBus, context.Hardware.Machine) = (bus, machine);
            try
            {
                image.Serve(bus);
                ReportLowered(context, reason);
                return;
            }
            catch (V2VException e) when (e.Error != V2VError.VerificationFailed)
            {
                // Whatever stands against the first choice is what has to be said; of the others, only that they are no way out.
                reason ??= e;
            }
        }

        (context.Hardware.DiskBus, context.Hardware.Machine) = (wantedBus, wantedMachine);
        if (context.Hardware.DiskBus is DiskBus.Sata or DiskBus.Ide && image.ReadError is { } unread)
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "InitramfsNotChecked",
                $"Whether the initramfs of the guest's kernel {image.Kernel} drives {BusName(context.Hardware.DiskBus)} disks could not be checked: {unread.Message}", unread.Advice));
            return;
        }

        throw new ConversionException(
            reason!.Error is V2VError.FileSystemFull ? reason.Error : V2VError.GuestUnsupported,
            $"The guest's kernel {image.Kernel} would not find its disks on KVM: {reason.Message} Its initramfs has no driver for SATA or IDE either.", reason)
        {
            Path = image.Kernel.InitramfsPath,
            Format = reason.Format,
            Offset = reason.Offset,
            Advice = reason.Advice,
        };
    }

    private static void ServeOther(ConversionContext context, KernelInitramfs image)
    {
        try
        {
            image.Serve(context.Hardware.DiskBus);
        }
        catch (V2VException e) when (e.Error != V2VError.VerificationFailed)
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "KernelWithoutVirtio",
                $"The guest's kernel {image.Kernel} will not find its disks and cannot be booted on KVM: {e.Message}", e.Advice));
        }
    }

    /// <summary>The bus that was chosen, then those that older images drive. The machine with an IDE controller, pc, is not one that UEFI guests are given.</summary>
    private static IEnumerable<(DiskBus Bus, string Machine)> Choices(ConversionContext context)
    {
        var hardware = context.Hardware;
        (DiskBus Bus, string Machine)[] choices = [(hardware.DiskBus, hardware.Machine), (DiskBus.Sata, hardware.Machine), (DiskBus.Ide, "pc")];
        return choices.Where((choice, i) =>
            i == 0 || (choice.Bus > hardware.DiskBus && (choice.Bus != DiskBus.Ide || context.Guest.Firmware != Firmware.Uefi)));
    }

    private static void ReportLowered(ConversionContext context, V2VException? reason)
    {
        if (reason is not null)
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "DiskBusLowered",
                $"The guest's disks are attached by {BusName(context.Hardware.DiskBus)}, which is slower than virtio: {reason.Message}", reason.Advice));
        }
    }

    private static string BusName(DiskBus bus) => bus == DiskBus.Sata ? "SATA" : "IDE";
}
