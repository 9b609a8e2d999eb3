using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Descriptions;
using Xunit;

namespace V2V.Engine.Tests.Targets.Descriptions;

/// <summary>Text from guests and their sources stays text in the scripts, and the scripts are what POSIX shells take.</summary>
public sealed class ScriptSafetyTests
{
    private const string Hostile = "a'b \"c\" $(touch PWNED) `touch PWNED` ${IFS} \\ ; touch PWNED & | > < * ? ~ ! # %s, é";

    private const string HostileNetwork = Hostile + "\ntouch PWNED\n'\n";

    [Theory]
    [InlineData("")]
    [InlineData("plain-1.x")]
    [InlineData("-n")]
    [InlineData("it's")]
    [InlineData("''\\''")]
    [InlineData("two\nlines\n\n x")]
    [InlineData(Hostile)]
    public void A_quoted_word_is_the_same_word_to_the_shell(string text)
    {
        var output = ExternalTool.Check("sh", "-c", $"printf '%s|' {ShellText.Quote(text)} end");
        Assert.Equal(System.Text.Encoding.Latin1.GetString(System.Text.Encoding.UTF8.GetBytes($"{text}|end|")), output);
    }

    [Theory]
    [InlineData(GuestPlatform.Libvirt)]
    [InlineData(GuestPlatform.OpenStack)]
    public void Hostile_names_are_run_by_nobody(GuestPlatform platform)
    {
        var domain = DescribedGuest.Guest(disks: 2, name: Hostile.Replace("/", "", StringComparison.Ordinal)) with
        {
            Networks = [new DomainNetwork(true, HostileNetwork, "52:54:00:00:00:01"), new DomainNetwork(false, HostileNetwork, "52:54:00:00:00:02")],
        };
        using var guest = new DescribedGuest(platform, domain, folder: "o,u't $(touch PWNED)");
        guest.Stub("qemu-system-x86_64", "touch qemu-was-here");
        guest.Stub("openstack", "case \"$*\" in *\"volume show\"*) echo available ;; *create*) echo id-1 ;; esac");
        var pwned = Path.Combine(Path.GetTempPath(), "PWNED");

        var (exitCode, output, calls) = guest.Run("sh", "-c", "cd \"$2\" && exec \"$1\" --flavor small", "sh", guest.File(".sh"), guest.Folder);

        Assert.True(exitCode == 0, output);
        Assert.DoesNotContain(Directory.GetFiles(guest.Folder), f => Path.GetFileName(f) == "PWNED");
        Assert.False(File.Exists(pwned) || File.Exists("/PWNED"));
        var words = calls.SelectMany(c => c).ToArray();
        if (platform == GuestPlatform.Libvirt)
        {
            Assert.Contains($"guest={domain.Name.Replace(",", ",,", StringComparison.Ordinal)}", words);
            Assert.Contains(
                $"file={guest.Folder.Replace(",", ",,", StringComparison.Ordinal)}/{domain.Name.Replace(",", ",,", StringComparison.Ordinal)}-sda.qcow2,if=none,id=disk0,format=qcow2,discard=unmap", words);
        }
        else
        {
            Assert.Equal(3, words.Count(w => w == HostileNetwork)); // Looked for once, for two ports.
            Assert.Contains(domain.Name, words);
            Assert.Contains($"{guest.Folder}/{domain.Name}-sdb.qcow2", words);
        }
    }

    public static TheoryData<GuestPlatform, string> Variants => new()
    {
        { GuestPlatform.Libvirt, "bios" }, { GuestPlatform.Libvirt, "uefi" }, { GuestPlatform.Libvirt, "secure" },
        { GuestPlatform.KubeVirt, "uefi" }, { GuestPlatform.OpenStack, "uefi" }, { GuestPlatform.Proxmox, "secure" },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    public void The_shells_checker_has_nothing_to_say(GuestPlatform platform, string firmware)
    {
        var domain = DescribedGuest.Guest(
            h => h.Firmware = firmware == "bios" ? Firmware.Bios : Firmware.Uefi,
            s => s with { SecureBoot = firmware == "secure", HasTpm = firmware == "secure" },
            disks: 2);
        using var guest = new DescribedGuest(platform, domain);
        foreach (var script in guest.Files.Where(f => f.EndsWith(".sh", StringComparison.Ordinal)))
        {
            ExternalTool.Check("sh", "-c", "test -x \"$0\"", script);
            ExternalTool.Check("sh", "-n", script);
            ExternalTool.Check("shellcheck", "-s", "sh", script);
        }
    }
}
