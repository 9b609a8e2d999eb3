using V2V.Engine.FileSystems.Ntfs.Security;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Security;

public sealed class NtfsSecurityInheritanceTests
{
    private const uint GenericAll = 0x10000000;

    private static readonly NtfsSid TrustedInstaller = NtfsSid.Create(5, 80, 956008885, 3418522649, 1831038044, 1853292631, 2271478464);

    /// <summary>What C:\Windows hands on, as icacls shows it for directories and files that are created there.</summary>
    [Fact]
    public void Children_of_the_Windows_directory_get_what_Windows_gives_them()
    {
        var windows = Descriptor(
            Ace(TrustedInstaller, 0x1F01FF, "OICI"),
            Ace(NtfsSid.LocalSystem, 0x1301BF, ""),
            Ace(NtfsSid.LocalSystem, GenericAll, "OICIIO"),
            Ace(NtfsSid.Administrators, 0x1301BF, ""),
            Ace(NtfsSid.Administrators, GenericAll, "OICIIO"),
            Ace(NtfsSid.Users, 0x1200A9, ""),
            Ace(NtfsSid.Users, 0xA0000000, "OICIIO"),
            Ace(NtfsSid.CreatorOwner, GenericAll, "OICIIO"));

        Assert.Equal(
            [
                $"{TrustedInstaller} 1F01FF I",
                "S-1-5-18 1F01FF I",
                "S-1-5-32-544 1F01FF I",
                "S-1-5-32-545 1200A9 I",
                "S-1-5-32-544 1F01FF I",
            ],
            Show(NtfsSecurityInheritance.ForChild(windows, isDirectory: false)));
        Assert.Equal(
            [
                $"{TrustedInstaller} 1F01FF OICII",
                "S-1-5-18 1F01FF I", "S-1-5-18 10000000 OICIIOI",
                "S-1-5-32-544 1F01FF I", "S-1-5-32-544 10000000 OICIIOI",
                "S-1-5-32-545 1200A9 I", "S-1-5-32-545 A0000000 OICIIOI",
                "S-1-5-32-544 1F01FF I", "S-1-3-0 10000000 OICIIOI",
            ],
            Show(NtfsSecurityInheritance.ForChild(windows, isDirectory: true)));
    }

    [Theory]
    [InlineData("OI", "I", "OIIOI")]
    [InlineData("CI", null, "CII")]
    [InlineData("OICI", "I", "OICII")]
    [InlineData("OICIIO", "I", "OICII")]
    [InlineData("OINP", "I", null)]
    [InlineData("CINP", null, "I")]
    [InlineData("OICINP", "I", "I")]
    [InlineData("OICII", "I", "OICII")]
    [InlineData("", null, null)]
    [InlineData("I", null, null)]
    public void Flags_tell_who_inherits_and_who_hands_on(string parent, string? file, string? directory)
    {
        var descriptor = Descriptor(Ace(TrustedInstaller, 0x1200A9, parent));
        Assert.Equal(Expected(file), Show(NtfsSecurityInheritance.ForChild(descriptor, isDirectory: false)));
        Assert.Equal(Expected(directory), Show(NtfsSecurityInheritance.ForChild(descriptor, isDirectory: true), skipsDefaultFlags: directory is null));

        static string[] Expected(string? flags) => flags is null
            ? ["S-1-5-18 1F01FF ", "S-1-5-32-544 1F01FF ", "S-1-5-32-545 1200A9 "]
            : [$"{TrustedInstaller} 1200A9 {flags}"];
    }

    [Fact]
    public void What_is_created_belongs_to_the_administrators_and_its_entries_are_marked_as_inherited()
    {
        var label = new byte[] { 0x11, 0x03, 0x14, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 16, 0, 0x30, 0, 0 };
        var parent = Descriptor(Ace(NtfsSid.Users, 0x1200A9, "OICI")) with
        {
            Control = NtfsSecurityControl.DaclPresent | NtfsSecurityControl.SaclPresent | NtfsSecurityControl.DaclProtected,
            Sacl = new NtfsAcl(2, [NtfsAce.TryParse(label)!]),
        };
        var child = NtfsSecurityInheritance.ForChild(parent, isDirectory: false);
        Assert.Equal("S-1-5-32-544", child.Owner!.ToString());
        Assert.Equal("S-1-5-18", child.Group!.ToString());
        Assert.Equal((ushort)0x8C14, (ushort)child.Control);
        Assert.Equal(["S-1-16-12288 1 I"], child.Sacl!.Aces.Select(Show));
        var read = NtfsSecurityDescriptor.TryParse(child.ToBytes())!;
        Assert.Equal(child.ToBytes(), read.ToBytes());
        Assert.Equal(Show(child), Show(read));
    }

    [Fact]
    public void Damaged_descriptors_are_no_descriptors()
    {
        var sound = NtfsSecurityInheritance.Default(isDirectory: true).ToBytes();
        var random = new Random(1);
        for (var i = 0; i < 20000; i++)
        {
            var raw = (byte[])sound.Clone();
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                raw[random.Next(raw.Length)] = (byte)random.Next(256);
            }

            var descriptor = NtfsSecurityDescriptor.TryParse(raw.AsSpan(0, random.Next(3) == 0 ? random.Next(raw.Length) : raw.Length));
            var child = NtfsSecurityInheritance.ForChild(descriptor, isDirectory: i % 2 == 0);
            Assert.NotNull(NtfsSecurityDescriptor.TryParse(child.ToBytes()));
            _ = descriptor?.ToBytes();
        }
    }

    private static NtfsSecurityDescriptor Descriptor(params NtfsAce[] aces) => new()
    {
        Control = NtfsSecurityControl.DaclPresent,
        Owner = TrustedInstaller,
        Group = TrustedInstaller,
        Dacl = new NtfsAcl(2, aces),
    };

    private static NtfsAce Ace(NtfsSid sid, uint mask, string flags)
    {
        var value = NtfsAceFlags.None;
        foreach (var (name, flag) in Names)
        {
            if (flags.StartsWith(name, StringComparison.Ordinal))
            {
                value |= flag;
                flags = flags[name.Length..];
            }
        }

        Assert.Empty(flags);
        return NtfsAce.Allow(sid, mask, value);
    }

    private static readonly (string Name, NtfsAceFlags Flag)[] Names =
    [
        ("OI", NtfsAceFlags.ObjectInherit), ("CI", NtfsAceFlags.ContainerInherit), ("NP", NtfsAceFlags.NoPropagateInherit),
        ("IO", NtfsAceFlags.InheritOnly), ("I", NtfsAceFlags.Inherited),
    ];

    private static IEnumerable<string> Show(NtfsSecurityDescriptor descriptor, bool skipsDefaultFlags) =>
        Show(descriptor).Select(a => skipsDefaultFlags ? a[..(a.LastIndexOf(' ') + 1)] : a);

    private static IEnumerable<string> Show(NtfsSecurityDescriptor descriptor) => descriptor.Dacl!.Aces.Select(Show);

    private static string Show(NtfsAce ace) =>
        $"{ace.Sid} {ace.Mask:X} {string.Concat(Names.Where(n => (ace.Flags & n.Flag) != 0).Select(n => n.Name))}";
}
