using System.Buffers.Binary;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Windows;
using V2V.Engine.Conversion.Windows.FirstBoot;
using V2V.Engine.FileSystems;
using V2V.Engine.Registry;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows.FirstBoot;

public sealed class InstallFirstBootRunnerTests
{
    private const string Folder = "/Windows/V2V/FirstBoot";

    [Fact]
    public void The_service_and_its_scripts_are_installed_in_every_control_set_that_may_start()
    {
        using var guest = WindowsGuest.Create("2022").Edit((system, _) =>
        {
            system.Create("Select").SetUInt32("Default", 3);
            system.Create("ControlSet003").SetUInt32("x", 1);
        });
        using var context = Run(guest, c =>
        {
            c.FirstBoot.Add(new FirstBootScript(5000, "later: one & two", FirstBootScriptKind.Batch, "exit /b 0\r\n"));
            c.FirstBoot.Add(new FirstBootScript(1000, "first", FirstBootScriptKind.PowerShell, "exit 3\r\n") { Limit = TimeSpan.FromMinutes(2) });
            c.FirstBoot.Add(new FirstBootScript(5000, "later", FirstBootScriptKind.Batch, "exit /b 1\r\n"));
        });

        Assert.Equal(
            [
                Folder + "/firstboot.ini",
                Folder + "/scripts/1000-000-first.cmd", Folder + "/scripts/1000-000-first.ps1",
                Folder + "/scripts/5000-001-later--one---two.cmd", Folder + "/scripts/5000-002-later.cmd",
                Folder + "/v2v-firstboot.exe",
            ],
            guest.Root.Files().Select(f => f.Path).Where(p => p.StartsWith("/Windows/V2V/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(FirstBootRunner.Program("x86_64"), guest.Root.ReadAllBytes(Folder + "/v2v-firstboot.exe"));
        Assert.Equal("[LimitSeconds]\r\n1000-000-first.cmd=120\r\n", guest.Root.Text(Folder + "/firstboot.ini"));
        Assert.Equal("exit /b 0\r\n", guest.Root.Text(Folder + "/scripts/5000-001-later--one---two.cmd"));
        Assert.Contains("set \"V2V_SCRIPT=%~dp01000-000-first.ps1\"\r\n", guest.Root.Text(Folder + "/scripts/1000-000-first.cmd"));
        Assert.True(guest.Root.Find(Folder + "/state") is { IsDirectory: true });
        Assert.True(guest.Root.Find(Folder + "/logs") is { IsDirectory: true });

        foreach (var set in (string[])["ControlSet001", "ControlSet003"])
        {
            var key = guest.Read($@"HKLM\SYSTEM\{set}\Services\V2VFirstBoot")!;
            Assert.Equal((0x10u, 2u, 1u), (key.GetUInt32("Type"), key.GetUInt32("Start"), key.GetUInt32("ErrorControl")));
            Assert.Equal(RegistryValueKind.ExpandString, key.FindValue("ImagePath")!.Kind);
            Assert.Equal("\"%SystemRoot%\\V2V\\FirstBoot\\v2v-firstboot.exe\"", key.GetString("ImagePath"));
            Assert.Equal("LocalSystem", key.GetString("ObjectName"));
            Assert.Equal(180_000u, key.GetUInt32("PreshutdownTimeout"));
            var source = guest.Read($@"HKLM\SYSTEM\{set}\Services\EventLog\Application\V2VFirstBoot")!;
            Assert.Equal(@"%SystemRoot%\System32\EventCreate.exe", source.GetString("EventMessageFile"));
        }
    }

    [Fact]
    public void Without_scripts_nothing_is_installed()
    {
        using var guest = WindowsGuest.Create("10");
        using var context = Run(guest, _ => { });
        Assert.Empty(context.Changes);
        Assert.Null(guest.Root.Find("/Windows/V2V"));
        Assert.Null(guest.Read(@"HKLM\SYSTEM\ControlSet001\Services\V2VFirstBoot"));
    }

    [Fact]
    public void A_32_bit_guest_gets_the_32_bit_program()
    {
        using var guest = WindowsGuest.Create("xp", is32Bit: true);
        using var context = Run(guest, c => c.FirstBoot.Add(Script));
        Assert.Equal(FirstBootRunner.Program("i686"), guest.Root.ReadAllBytes(Folder + "/v2v-firstboot.exe"));
    }

    [Fact]
    public void Staged_files_lie_beside_the_scripts()
    {
        using var guest = WindowsGuest.Create("10");
        using var context = Run(guest, c =>
        {
            c.FirstBoot.Add(Script);
            c.FirstBoot.Stage(new FirstBootFile("agent.msi", () => [1, 2, 3], "because"));
        });
        Assert.Equal([1, 2, 3], guest.Root.ReadAllBytes(Folder + "/scripts/agent.msi"));
        Assert.Contains(context.Changes, c => c.Path.EndsWith(@"\scripts\agent.msi", StringComparison.Ordinal) && c.Why == "because");
    }

    [Fact]
    public void What_a_former_conversion_left_is_cleared_but_its_logs_are_kept()
    {
        using var guest = WindowsGuest.Create("10");
        guest.Root.With(Folder + "/state/complete", "x").With(Folder + "/scripts/1-old.cmd", "x").With(Folder + "/logs/1-old.cmd.log", "x");
        guest.Edit((system, _) => system.Create(@"ControlSet001\Services\V2VFirstBoot").SetUInt32("DeleteFlag", 1));
        using var context = Run(guest, c => c.FirstBoot.Add(Script));
        Assert.Null(guest.Root.Find(Folder + "/state/complete"));
        Assert.Null(guest.Root.Find(Folder + "/scripts/1-old.cmd"));
        Assert.NotNull(guest.Root.Find(Folder + "/logs/1-old.cmd.log"));
        Assert.Null(guest.Read(@"HKLM\SYSTEM\ControlSet001\Services\V2VFirstBoot")!.FindValue("DeleteFlag"));
    }

    /// <summary>Read by the letters of the format ([MS-DTYP] 2.4.6): nobody but SYSTEM and Administrators may write what LocalSystem runs.</summary>
    [Fact]
    public void Only_administrators_may_write_what_the_service_runs()
    {
        using var guest = WindowsGuest.Create("10");
        using var context = Run(guest, c => c.FirstBoot.Add(Script));
        const string System = "S-1-5-18", Administrators = "S-1-5-32-544", Users = "S-1-5-32-545";
        foreach (var (path, isProtected, flags) in ((string, bool, byte)[])[
            ("/Windows/V2V", true, 3), (Folder, true, 3), (Folder + "/scripts", false, 0x13), (Folder + "/state", false, 0x13), (Folder + "/logs", false, 0x13),
            (Folder + "/v2v-firstboot.exe", false, 0x10), (Folder + "/firstboot.ini", false, 0x10), (Folder + "/scripts/5000-000-some.cmd", false, 0x10)])
        {
            var descriptor = guest.Root.ExtendedAttributes(path)["system.ntfs_acl"].AsSpan();
            Assert.Equal(1, descriptor[0]);
            var control = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[2..]);
            Assert.Equal(0x8004, control & 0x8004);
            Assert.Equal(isProtected, (control & 0x1000) != 0);
            Assert.Equal(Administrators, Sid(descriptor[BinaryPrimitives.ReadInt32LittleEndian(descriptor[4..])..]));
            Assert.Equal(System, Sid(descriptor[BinaryPrimitives.ReadInt32LittleEndian(descriptor[8..])..]));
            Assert.Equal(0, BinaryPrimitives.ReadInt32LittleEndian(descriptor[12..]));
            var list = descriptor[BinaryPrimitives.ReadInt32LittleEndian(descriptor[16..])..];
            Assert.Equal(3, BinaryPrimitives.ReadUInt16LittleEndian(list[4..]));
            var at = 8;
            foreach (var (sid, mask) in ((string, uint)[])[(System, 0x1F01FF), (Administrators, 0x1F01FF), (Users, 0x1200A9)])
            {
                Assert.Equal((0, flags), (list[at], list[at + 1]));
                Assert.Equal(mask, BinaryPrimitives.ReadUInt32LittleEndian(list[(at + 4)..]));
                Assert.Equal(sid, Sid(list[(at + 8)..]));
                at += BinaryPrimitives.ReadUInt16LittleEndian(list[(at + 2)..]);
            }

            Assert.Equal(at, BinaryPrimitives.ReadUInt16LittleEndian(list[2..]));
        }
    }

    /// <summary>ntfs-3g refuses descriptors that are not valid, and its audit shows who is let in.</summary>
    [Fact]
    public void Security_descriptors_are_understood_by_ntfs_3g()
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("mkntfs", "ntfs-3g", "setfattr", "ntfssecaudit", "umount");
        using var folder = new TestFolder();
        var image = folder["ntfs.raw"];
        using (var file = File.Create(image))
        {
            file.SetLength(8 << 20);
        }

        ExternalTool.Check("mkntfs", "-q", "-F", image);
        var mounted = Directory.CreateDirectory(folder["mounted"]).FullName;
        Assert.SkipUnless(ExternalTool.Run("ntfs-3g", image, mounted).ExitCode == 0, "needs FUSE");
        try
        {
            Directory.CreateDirectory(Path.Combine(mounted, "top", "folder"));
            File.WriteAllText(Path.Combine(mounted, "top", "file"), "x");
            foreach (var (path, security) in ((string, byte[])[])[
                ("top", FirstBootSecurity.TopFolder), ("top/folder", FirstBootSecurity.Folder), ("top/file", FirstBootSecurity.File)])
            {
                ExternalTool.Check("setfattr", "-h", "-n", FirstBootSecurity.Attribute, "-v", "0x" + Convert.ToHexString(security), Path.Combine(mounted, path));
            }
        }
        finally
        {
            Mounts.Remove(mounted);
        }

        foreach (var path in (string[])["/top", "/top/folder", "/top/file"])
        {
            var audit = ExternalTool.Check("ntfssecaudit", "-v", image, path);
            Assert.Contains("Windows owner S-1-5-32-544", audit);
            Assert.Contains("mode 0755", audit);
            Assert.Contains("No errors were found", audit);
        }
    }

    private static FirstBootScript Script { get; } = new(5000, "some", FirstBootScriptKind.Batch, "exit /b 0\r\n");

    private static ConversionContext Run(WindowsGuest guest, Action<ConversionContext> add)
    {
        var context = guest.Context();
        add(context);
        var step = new InstallFirstBootRunner();
        Assert.True(step.AppliesTo(context.Guest));
        step.Apply(context);
        context.Save();
        return context;
    }

    private static string Sid(ReadOnlySpan<byte> sid)
    {
        Assert.Equal((1, 5), (sid[0], sid[7]));
        var text = "S-1-5";
        for (var i = 0; i < sid[1]; i++)
        {
            text += $"-{BinaryPrimitives.ReadUInt32LittleEndian(sid[(8 + (4 * i))..])}";
        }

        return text;
    }
}
