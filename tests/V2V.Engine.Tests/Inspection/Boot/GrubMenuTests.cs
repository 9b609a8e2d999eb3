using V2V.Engine.Inspection.Boot;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Boot;

public sealed class GrubMenuTests
{
    [Theory]
    [InlineData("set default=\"1>1\"", "", "old")]
    [InlineData("set default=\"adv>id-old\"", "", "old")]
    [InlineData("set default=\"Advanced>Old\"", "", "old")]
    [InlineData("set default=\"${saved_entry}\"", "saved_entry=adv>id-old\n", "old")]
    [InlineData("set default=\"${saved_entry}\"", "", "new")]
    [InlineData("set default=\"0\"", "next_entry=1>1\n", "old")]
    [InlineData("set default=\"no such entry\"", "", "new")]
    [InlineData("", "", "new")]
    public void Grubs_default_is_found_by_index_id_title_and_environment(string setting, string environment, string kernel)
    {
        var menu = GrubMenu.Parse(
            setting + "\nif [ \"${next_entry}\" ] ; then\n set default=\"${next_entry}\"\nfi\n"
            + "menuentry 'New' $menuentry_id_option 'id-new' {\n linux /boot/new root=/dev/sda1\n initrd /ucode /boot/new.img\n}\n"
            + "submenu \"Advanced\" --id adv {\n menuentry 'New again' --id x {\n  linux /boot/new\n }\n menuentry 'Old' --id id-old {\n  linux /boot/old\n }\n}\n");

        Assert.Equal("/boot/" + kernel, menu.DefaultEntry(GrubEnvironment.TryParse("# GRUB Environment Block\n" + environment + "####"))!.Kernel);
    }

    [Fact]
    public void A_menu_of_nothing_but_braces_ends()
    {
        var menu = GrubMenu.Parse(string.Concat(Enumerable.Repeat("submenu 'x' {\n", 5000)) + string.Concat(Enumerable.Repeat("}\n", 9000)) + "menuentry 'y' {\n linux /k\n}\n");

        Assert.NotNull(menu.Entries);
        menu.DefaultEntry(null);
    }

    [Fact]
    public void A_xen_entry_has_the_kernel_as_its_first_module()
    {
        var entry = GrubMenu.Parse(
            "menuentry 'Debian GNU/Linux, with Xen hypervisor' {\n\tinsmod gzio\n\tmultiboot2\t/boot/xen-4.17-amd64.gz placeholder  ${xen_rm_opts}\n"
            + "\tmodule2\t/boot/vmlinuz-6.1.0-18-amd64 placeholder root=UUID=1 ro quiet\n\tmodule2\t--nounzip   /boot/initrd.img-6.1.0-18-amd64\n}\n").Entries[0];

        Assert.Equal(
            ("/boot/xen-4.17-amd64.gz", "/boot/vmlinuz-6.1.0-18-amd64", "placeholder root=UUID=1 ro quiet", "/boot/initrd.img-6.1.0-18-amd64"),
            (entry.Hypervisor, entry.Kernel, string.Join(' ', entry.Arguments), Assert.Single(entry.InitialRamdisks)));
        Assert.Equal((1, 6), (entry.FirstLine, entry.LastLine));
    }

    [Fact]
    public void Variables_and_the_place_of_bls_entries_are_noted()
    {
        var menu = GrubMenu.Parse(
            "if [ -z \"${kernelopts}\" ]; then\n  set kernelopts=\"root=/dev/mapper/rhel-root ro \"\nfi\nmenuentry 'first' {\n linux /k\n}\ninsmod blscfg\nblscfg\nmenuentry 'last' {\n linux /k\n}\n");

        Assert.Equal("root=/dev/mapper/rhel-root ro ", menu.Variables["kernelopts"]);
        Assert.Equal(1, menu.BlsPosition);
    }
}
