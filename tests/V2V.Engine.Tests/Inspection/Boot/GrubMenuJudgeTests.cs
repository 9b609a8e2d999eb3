using System.Text.RegularExpressions;
using V2V.Engine.Conversion.Linux.Boot;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Boot;

/// <summary>GRUB itself, in an emulator, chooses among entries as the engine says that it will.</summary>
public sealed class GrubMenuJudgeTests : IDisposable
{
    /// <summary>Titles and ids that could be taken for something else: numbers, separators, quotes, variables, names that occur twice.</summary>
    private const string Menu = """
        menuentry 'Debian GNU/Linux' --class debian --id simple {
          @
        }
        submenu 'Advanced options for Debian' --id advanced {
          menuentry 'Linux > 6.1.0-9' {
            @
          }
          menuentry 'Debian, with Linux 6.1.0-18' --id 6.1.0-18-advanced {
            @
          }
          submenu 'More' {
            menuentry 'Debian GNU/Linux' {
              @
            }
            menuentry 'The "old" \\ one' {
              @
            }
          }
        }
        menuentry 'Debian GNU/Linux' {
          @
        }
        menuentry '$1 costs `more`' {
          @
        }
        menuentry '7' --id seven {
          @
        }
        menuentry 'SLES 15-SP6' {
          @
        }

        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-grub").FullName;

    [Fact]
    public void Every_entry_can_be_made_the_default()
    {
        var entries = Read(Configuration(""), null).Entries;
        var settings = entries.SelectMany(e => ((string, GrubEnvironment?)[])[(Grub2Default.Quote(e.Id), null), ("\"${saved_entry}\"", Saved(e.Id))]).ToArray();

        Assert.Equal(entries.SelectMany((_, i) => (int[])[i, i]), ChosenByGrub(settings));
    }

    [Theory]
    [InlineData("0", "1", "2", "4", "9", "", "1>0", "1>1", "1>2", "1>2>1", "1>9", "2>0")]
    [InlineData("simple", "advanced", "advanced>6.1.0-18-advanced", "advanced>Debian, with Linux 6.1.0-18", "Advanced options for Debian>0", "advanced>More>0", "More", "advanced>nothing")]
    [InlineData("Debian GNU/Linux", "SLES 15-SP6", "seven", "7", "no such entry", "simple>0", "0>1", "advanced>2>Debian GNU/Linux")]
    public void The_entry_that_boots_is_told_from_the_setting(params string[] settings)
    {
        var engine = settings.Select(s =>
        {
            var menu = Read(Configuration($"set default=\"{s}\""), null);
            return menu.Entries.ToList().FindIndex(e => e.IsDefault);
        });
        var saved = settings.Select(s => Read(Configuration("set default=\"${saved_entry}\""), Saved(s)).Entries.ToList().FindIndex(e => e.IsDefault));

        var grub = ChosenByGrub([.. settings.Select(s => ($"\"{s}\"", (GrubEnvironment?)null))]);

        Assert.Equal(grub.Zip(settings).Select(p => $"{p.Second}: {p.First}"), engine.Zip(settings).Select(p => $"{p.Second}: {p.First}"));
        Assert.Equal(engine, saved);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>GRUB goes no deeper than that from one configuration into the next.</summary>
    private const int MenusInOneBoot = 8;

    private int[] ChosenByGrub((string Setting, GrubEnvironment? Environment)[] menus) => menus.Chunk(MenusInOneBoot).SelectMany(Boot).ToArray();

    /// <summary>Boots a disk on which each menu's entry prints its number and goes on to the next menu.</summary>
    private IEnumerable<int> Boot((string Setting, GrubEnvironment? Environment)[] menus)
    {
        ExternalTool.Need("grub-mkimage", "qemu-system-x86_64", "tar");
        Assert.SkipUnless(File.Exists("/usr/lib/grub/i386-pc/boot.img"), "needs grub-pc-bin");
        var number = 0;
        File.WriteAllText($"{_folder}/menu.cfg", Regex.Replace(Menu, "@", _ => $"echo \"CHOSEN {number++}.\"\nif [ -n \"$next\" ]; then configfile $next; else halt; fi"));
        File.WriteAllText($"{_folder}/grub.cfg", "serial --unit=0\nterminal_output serial\nterminal_input serial\nconfigfile (memdisk)/0.cfg\n");
        var files = new List<string> { "menu.cfg", "grub.cfg" };
        for (var i = 0; i < menus.Length; i++)
        {
            var load = "";
            if (menus[i].Environment is { } environment)
            {
                File.WriteAllText($"{_folder}/{i}.env", environment.ToBlock());
                files.Add($"{i}.env");
                load = $"load_env -f (memdisk)/{i}.env\n";
            }

            File.WriteAllText(
                $"{_folder}/{i}.cfg",
                $"{load}set next={(i + 1 < menus.Length ? $"(memdisk)/{i + 1}.cfg" : "")}\nexport next\nset timeout=0\nset default={menus[i].Setting}\nsource (memdisk)/menu.cfg\n");
            files.Add($"{i}.cfg");
        }

        ExternalTool.Check("tar", ["-C", _folder, "-cf", $"{_folder}/memdisk.tar", .. files]);
        ExternalTool.Check(
            "grub-mkimage", "-O", "i386-pc", "-o", $"{_folder}/core.img", "-m", $"{_folder}/memdisk.tar", "-p", "(memdisk)",
            "memdisk", "tar", "normal", "echo", "test", "configfile", "loadenv", "serial", "terminal", "halt");
        byte[] disk = [.. File.ReadAllBytes("/usr/lib/grub/i386-pc/boot.img"), .. File.ReadAllBytes($"{_folder}/core.img")];
        Array.Resize(ref disk, 4 << 20);
        File.WriteAllBytes($"{_folder}/disk.img", disk);

        var (_, output) = ExternalTool.Run(
            "timeout", "50", "qemu-system-x86_64", "-accel", "tcg", "-m", "64", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-drive", $"file={_folder}/disk.img,format=raw");

        var stages = Regex.Count(output, @"CHOSEN [0-9]+\.");
        Assert.True(stages == menus.Length, $"GRUB stopped at {(stages < menus.Length ? menus[stages].Setting : "")}: {output}");
        return Regex.Matches(output, @"CHOSEN ([0-9]+)\.").Select(m => int.Parse(m.Groups[1].Value)).ToArray();
    }

    private static string Configuration(string setting) => $"{setting}\n{Menu}";

    private static BootMenu Read(string configuration, GrubEnvironment? environment)
    {
        var files = new MemoryFileSystem().With("/boot/grub/grub.cfg", configuration);
        if (environment is not null)
        {
            files.With("/boot/grub/grubenv", environment.ToBlock()!);
        }

        return BootLoaders.Find(new GuestRoot([new GuestMount("/", files, MemoryVolume.Partition(0, 1))]), Firmware.Bios).Menu;
    }

    private static GrubEnvironment Saved(string id)
    {
        var environment = GrubEnvironment.Create();
        environment["saved_entry"] = id;
        return environment;
    }
}
