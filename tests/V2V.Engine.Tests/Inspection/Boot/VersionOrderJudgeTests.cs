using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection.Boot;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Boot;

/// <summary>Orders and defaults as the programs have them that made the rules.</summary>
public sealed class VersionOrderJudgeTests
{
    private static readonly string[] Versions =
    [
        "6.10.3-arch1-1", "6.9.12-arch1-1", "6.9.12-arch2-1", "5.14.0-70.el9.x86_64", "5.14.0-70.22.1.el9_0.x86_64", "5.14.0-427.13.1.el9_4.x86_64",
        "4.18.0-553.el8_10.x86_64", "4.18.0-80.el8.x86_64", "0-rescue", "6.4.0-150600.21-default", "6.4.0-150600.9-default", "6.8.9-300.fc40.x86_64", "6.1.0-18-amd64", "6.1.0-9-amd64",
        "6.9.0", "6.9", "6.9.0~rc1", "2.6.32-754.el6.x86_64", "2.6.32-754.el6.x86_64.debug", "06.09",
    ];

    private static readonly string[] Counters = ["", "", "+3", "+0-2", "+2-1"];

    private static readonly string[] Configurations = ["", "default os*\n", "timeout 3\ndefault *rescue*\n", "default nothing\n"];

    [Fact]
    public void Rpm_and_engine_order_versions_alike()
    {
        ExternalTool.Need("rpm");
        var pairs = Versions.SelectMany(a => Versions.Select(b => (a, b))).ToArray();

        var judged = ExternalTool.Check("rpm", "--eval", "%{lua: " + string.Concat(pairs.Select(p => $"print(rpm.vercmp(\"{p.a}\", \"{p.b}\") .. \" \") ")) + "}");

        Assert.Equal(
            judged.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(int.Parse),
            pairs.Select(p => Math.Sign(RpmVersionOrder.Compare(p.a, p.b))));
    }

    /// <summary>bootctl shows entries as systemd-boot sorts them, and marks the default.</summary>
    [Fact]
    public void Bootctl_and_engine_agree_on_systemd_boots_menu()
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("bootctl", "mount", "umount");
        var random = new Random(252);
        var esp = Directory.CreateTempSubdirectory("v2v-esp").FullName;
        ExternalTool.Check("mount", "-t", "tmpfs", "none", esp);
        try
        {
            Directory.CreateDirectory(esp + "/loader");
            File.WriteAllText(esp + "/k", "");
            for (var round = 0; round < 60; round++)
            {
                var files = new MemoryFileSystem().With("/boot/k");
                var entries = Directory.CreateDirectory(esp + "/loader/entries").FullName;
                for (var n = random.Next(2, 8); n > 0; n--)
                {
                    var version = Versions[random.Next(Versions.Length)];
                    var name = (random.Next(3) == 0 ? "os" : $"{BootGuests.MachineId}-{version.Replace('~', '.')}") + $"{(char)('a' + n)}" + Counters[random.Next(Counters.Length)];
                    var text = $"title {name}\nlinux /k\n" + (random.Next(2) == 0 ? $"version {version}\n" : "")
                        + (random.Next(2) == 0 ? $"sort-key {"ab"[random.Next(2)]}\n" : "") + (random.Next(2) == 0 ? $"machine-id {new string("0f"[random.Next(2)], 32)}\n" : "");
                    File.WriteAllText($"{entries}/{name}.conf", text);
                    files.With($"/boot/loader/entries/{name}.conf", text);
                }

                var configuration = Configurations[random.Next(Configurations.Length)];
                File.WriteAllText(esp + "/loader/loader.conf", configuration);
                files.With("/boot/loader/loader.conf", configuration);

                Environment.SetEnvironmentVariable("SYSTEMD_RELAX_ESP_CHECKS", "1");
                var judged = ExternalTool.Check("bootctl", "--esp-path=" + esp, "--no-pager", "list");
                var menu = BootLoaders.Find(new GuestRoot([new GuestMount("/", files, MemoryVolume.Partition(0, 1))]), Firmware.Uefi).Menu;

                var order = Regex.Matches(judged, @"(?m)^\s*id: (.+)$").Select(m => m.Groups[1].Value).ToArray();
                Assert.True(order.SequenceEqual(menu.Entries.Select(e => e.Id)), $"{judged}\nengine: {string.Join(", ", menu.Entries.Select(e => e.Id))}");
                var first = judged.IndexOf("(default)", StringComparison.Ordinal);
                Assert.Equal(Regex.Match(judged[first..], @"(?m)^\s*id: (.+)$").Groups[1].Value, menu.Default!.Id);
                Directory.Delete(entries, recursive: true);
            }
        }
        finally
        {
            Mounts.Remove(esp);
            Directory.Delete(esp);
        }
    }
}
