using V2V.Engine.Inspection;
using V2V.Engine.Tests.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.Inspection;

public sealed class GuestChecksTests
{
    [Fact]
    public void Nothing_stands_against_a_plain_debian_guest()
    {
        using var phony = PhonyGuest.Debian12();

        Assert.Empty(Run(phony));
    }

    [Theory]
    [InlineData("fedora", "")]
    [InlineData("rocky", "rhel centos fedora")]
    [InlineData("linuxmint", "ubuntu debian")]
    [InlineData("opensuse-leap", "suse opensuse")]
    [InlineData("manjaro", "arch")]
    [InlineData("alpine", "")]
    public void Every_known_family_is_converted(string id, string like)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/usr/lib/os-release", $"ID={id}\nID_LIKE=\"{like}\"\nPRETTY_NAME=\"Some {id}\"\n");

        Assert.Empty(Run(phony));
    }

    [Fact]
    [Shows("DistributionNotTested")]
    public void An_unknown_distribution_whose_parts_are_known_is_converted_with_a_warning()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/usr/lib/os-release", "ID=void\nPRETTY_NAME=\"Void Linux\"\n").With("/usr/bin/dracut", "#!/bin/bash\n");

        var concern = Assert.Single(Run(phony));

        Assert.Equal((ConcernSeverity.Warning, "DistributionNotTested"), (concern.Severity, concern.Id));
        Assert.Contains("Void Linux", concern.Message);
    }

    [Fact]
    [Shows("GuestUnsupported")]
    public void A_distribution_without_rules_is_refused_by_name_and_by_what_is_not_known_of_it()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/usr/lib/os-release", "ID=guix\nPRETTY_NAME=\"Guix System\"\n");
        phony.Root.Delete("/boot/grub/grub.cfg");

        var concern = Assert.Single(Run(phony), c => c.Severity == ConcernSeverity.Critical);

        Assert.Equal("GuestUnsupported", concern.Id);
        Assert.Contains("Guix System", concern.Message);
        Assert.Contains("what builds its initramfs is not known, its boot loader is not known", concern.Message);
    }

    [Fact]
    [Shows("GuestHibernated", "GuestInodesExhausted", "NoKernel")]
    public void Everything_that_is_wrong_is_reported_at_once()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.Capacity = 50 << 20;
        phony.Root.InodeCapacity = 60;
        phony.Root.WithDirectory("/x");
        phony.Root.Delete("/boot/vmlinuz-6.1.0-18-amd64");
        phony.Volumes[1] = MemoryVolume.Partition(0, 2, VolumeImages.Swap(PhonyGuest.SwapUuid, "S1SUSPEND\0"));

        Assert.Equal(["GuestDiskFull", "GuestHibernated", "GuestInodesExhausted", "NoKernel"], Run(phony).Select(c => c.Id).Order());
    }

    [Theory]
    [InlineData("/etc/lilo.conf", ConcernSeverity.Critical, "BootLoaderUnsupported", "LILO (/etc/lilo.conf)")]
    [InlineData("/etc/elilo.conf", ConcernSeverity.Critical, "BootLoaderUnsupported", "elilo")]
    [InlineData("/etc/zipl.conf", ConcernSeverity.Critical, "BootLoaderUnsupported", "IBM Z")]
    [InlineData("/boot/efi/EFI/Linux/debian.efi", ConcernSeverity.Critical, "BootLoaderUnsupported", "unified kernel image (/boot/efi/EFI/Linux/debian.efi)")]
    [InlineData("/boot/grub/grub.cfg", ConcernSeverity.Warning, "BootMenuEmpty", "/boot/grub/grub.cfg has no entry")]
    [InlineData("/nothing", ConcernSeverity.Warning, "BootLoaderNotEdited", "No boot loader configuration was found")]
    [Shows("BootLoaderNotEdited", "BootLoaderUnsupported", "BootMenuEmpty")]
    public void Boot_loaders_that_are_not_edited_are_told_by_name(string path, ConcernSeverity severity, string id, string message)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.Delete("/boot/grub/grub.cfg");
        phony.Root.With(path, "# nothing\n");

        var concern = Assert.Single(Run(phony));

        Assert.Equal((severity, id), (concern.Severity, concern.Id));
        Assert.Contains(message, concern.Message);
        Assert.NotNull(concern.Advice);
    }

    private static IReadOnlyList<Concern> Run(PhonyGuest phony) => GuestChecks.Run(phony.Inspect(), phony.Source);
}
