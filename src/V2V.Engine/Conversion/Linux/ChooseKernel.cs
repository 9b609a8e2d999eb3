using V2V.Engine.Conversion.Linux.Boot;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Makes another installed kernel the default when the present one cannot run on KVM: kernels of Xen's paravirtual guests, kernels without a driver
/// for any disk that KVM offers, and menus that start the Xen hypervisor. That one is there was checked before anything was written.
/// </summary>
public sealed class ChooseKernel : LinuxStep
{
    public override string Name => "Choosing the kernel";

    public override void Apply(ConversionContext context)
    {
        var choice = KernelChoice.Make(context.Guest)
            ?? throw new ConversionException(V2VError.GuestUnsupported, $"No kernel of the guest can run on KVM: {string.Join("; ", KernelChoice.Obstacles(context.Guest))}.");
        if (choice.Why is null)
        {
            return;
        }

        if (choice.Entry is { } entry)
        {
            var why = $"The default cannot run on KVM: {choice.Why}.";
            SetDefault(context, entry, why);
            DefaultKernelPackage.Set(context, choice.Kernel, why);
        }

        context.Add(new Concern(
            ConcernSeverity.Warning, "DefaultKernelChanged",
            choice.Entry is null
                ? $"The guest should boot its kernel {choice.Kernel} on KVM ({choice.Why}), but it has no boot menu that could be changed."
                : $"The guest boots its kernel {choice.Kernel} from now on ({choice.Entry.Title}), because its default cannot run on KVM: {choice.Why}."));
        context.SetDefault(choice.Kernel, choice.Entry);
    }

    private static void SetDefault(ConversionContext context, BootMenuEntry entry, string why)
    {
        switch (context.Guest.BootLoader.Kind)
        {
            case BootLoaderKind.Grub2:
                Grub2Default.Set(context, entry, why);
                break;
            case BootLoaderKind.GrubLegacy:
                GrubLegacyDefault.Set(context, entry, why);
                break;
            case BootLoaderKind.SystemdBoot:
                SystemdBootDefault.Set(context, entry, why);
                break;
            case BootLoaderKind.Extlinux:
                ExtlinuxDefault.Set(context, entry, why);
                break;
        }
    }
}
