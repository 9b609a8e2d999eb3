using V2V.Engine.Conversion.Windows.FirstBoot;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows.FirstBoot;

/// <summary>
/// What a conversion leaves in a guest is put into a Wine system, files and registry, and started there. Wine's cmd.exe and reg.exe are real, while
/// pnputil, netsh and their like are stand-ins that write down how they were called.
/// </summary>
[Trait("Category", "Slow")]
public sealed class FirstBootScriptsInWineTests(WineSystem wine) : IClassFixture<WineSystem>
{
    private static readonly string[] Tools = ["pnputil", "netsh", "route", "getmac", "msiexec", "diskpart"];

    private const string Interfaces = @"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces";

    private const string NewAdapter = "{11111111-2222-4333-8444-555555555555}";

    [Fact]
    public void What_a_conversion_leaves_completes_it()
    {
        Prepare();
        using var tree = DriverTree.Create(["2k22"]);
        using var guest = WindowsGuest.Create("2022").WithStaticAddresses().WithVMwareTools();
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        using var context = guest.Run(FirstBootGuests.Steps);
        Tool("route", $"Interface List\r\n  5...{FirstBootGuests.MacAsRoutePrintsIt.Replace("00 01", "00 10")} ......Other\r\n 11...{FirstBootGuests.MacAsRoutePrintsIt.ToUpperInvariant()} ......Red Hat VirtIO Ethernet Adapter\r\n");
        Tool("pnputil", codes: "0 5 0 3010 259 0");
        Tool("msiexec", codes: "0 1603");

        // netsh is a stand-in, so what it would have set is there already; an address that begins like it belongs to another adapter.
        wine.Check("reg", "add", $@"{Interfaces}\{NewAdapter}", "/v", "IPAddress", "/t", "REG_MULTI_SZ", "/d", @"192.0.2.7\0198.51.100.7", "/f");
        wine.Check("reg", "add", $@"{Interfaces}\{{99999999-2222-4333-8444-555555555555}}", "/v", "IPAddress", "/t", "REG_MULTI_SZ", "/d", "192.0.2.70", "/f");
        wine.Check("reg", "add", $@"{Interfaces}\{FirstBootGuests.OldAdapter}", "/v", "IPAddress", "/t", "REG_MULTI_SZ", "/d", "192.0.2.7", "/f");
        wine.Check("reg", "add", $@"{Interfaces}\{FirstBootGuests.OldAdapter}", "/v", "EnableDHCP", "/t", "REG_DWORD", "/d", "0", "/f");

        var folder = Install(guest);
        wine.Run("net", "start", FirstBootRunner.ServiceName);
        folder.WaitFor("restarting Windows");
        folder.Stop();

        Assert.Equal(
            [
                "done 0500-000-finish-updates.cmd: exit code 0",
                "done 1000-001-install-viostor.cmd: exit code 0",
                "done 1000-002-install-balloon.cmd: exit code 0",
                "done 1000-003-install-netkvm.cmd: exit code 3010",
                "done 1000-004-install-pvpanic.cmd: exit code 0",
                "done 1000-005-install-viorng.cmd: exit code 0",
                "done 1000-006-install-vioscsi.cmd: exit code 0",
                "done 1000-007-install-vioser.cmd: exit code 0",
                "done 2500-008-addresses-of-adapter-1.cmd: exit code 0",
                "done 4000-009-install-qemu-guest-agent.cmd: exit code 0",
                "FAILED 6000-010-uninstall-vmware-tools.cmd: exit code 1603",
            ],
            File.ReadAllLines(folder["result.txt"]));
        var drivers = (string[])["viostor", "balloon", "balloon", "netkvm", "pvpanic", "viorng", "vioscsi", "vioser"];
        Assert.Equal(
            [
                .. drivers.Select(d => $@"pnputil /add-driver ""C:\windows\Drivers\VirtIO\{d}.inf"" /install"),
                "route print",
                "netsh interface ipv4 set address name=11 source=static address=192.0.2.7 mask=255.255.255.0 gateway=192.0.2.1",
                "netsh interface ipv4 add address name=11 address=198.51.100.7 mask=255.255.254.0",
                "netsh interface ipv4 set dnsserver name=11 source=static address=192.0.2.53 validate=no",
                "netsh interface ipv4 add dnsserver name=11 address=192.0.2.54 index=2 validate=no",
                @"msiexec /i C:\windows\V2V\FirstBoot\scripts\qemu-ga-x86_64.msi /qn /norestart /l*v C:\windows\V2V\FirstBoot\logs\qemu-guest-agent.msi.log",
                @"msiexec /x {2F2E3A3C-5C3B-4F0D-8E5D-6B7A8C9D0E1F} /qn /norestart /l*v C:\windows\V2V\FirstBoot\logs\vmware-tools.msi.log REBOOT=ReallySuppress REMOVE=ALL",
            ],
            Calls()); // Wine's "start" leaves out quotes around what has no spaces
        Assert.Contains("corp.example", wine.Check("reg", "query", $@"{Interfaces}\{NewAdapter}", "/v", "Domain"));
        var old = wine.Check("reg", "query", $@"{Interfaces}\{FirstBootGuests.OldAdapter}");
        Assert.DoesNotContain("IPAddress", old);
        Assert.Contains("0x1", old);
        Assert.Contains("192.0.2.70", wine.Check("reg", "query", $@"{Interfaces}\{{99999999-2222-4333-8444-555555555555}}"));
        Assert.False(folder.IsRegistered);
    }

    /// <summary>Windows that waits for a restart gets one, before drivers are installed; one that never stops waiting is not waited for.</summary>
    [Fact]
    public void Pending_updates_are_finished_first()
    {
        const string Pending = @"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending";
        Prepare();
        var folder = new RunnerFolder(wine).WithSettings("[FirstBoot]", "Retries=2").WithScript("0500-finish-updates.cmd", ServicingScript.Create()).With("1000-after.cmd", "exit 0");
        wine.Check("reg", "add", Pending, "/f");
        for (var restart = 1; restart <= 2; restart++)
        {
            folder.Start();
            folder.WaitFor($"restarting Windows, {restart} of");
            folder.Stop();
            Assert.DoesNotContain("1000-after", folder.Log);
        }

        folder.Start();
        folder.WaitFor("all scripts have run");
        Assert.Contains("1000-after.cmd: done, exit code 0", folder.Events);
        wine.Check("reg", "delete", Pending, "/f");
    }

    [Fact]
    public void An_adapter_of_XP_is_found_by_getmac()
    {
        Prepare();
        Tool("getmac", "\"Local Area Connection\",\"VMware Accelerated\",\"00-50-56-AA-00-02\",\"x\"\r\n\"Verbindung & 2\",\"Red Hat\",\"52-54-00-AB-CD-EF\",\"x\"\r\n");
        var adapter = new AdapterAddresses
        {
            Name = "LAN",
            OldGuid = FirstBootGuests.OldAdapter,
            MacAddress = "52:54:00:ab:cd:ef",
            IPv4 = [new("10.0.0.9", 8)],
            IPv4Gateways = ["10.0.0.1", "10.0.0.2"],
            IPv4NameServers = ["10.0.0.3"],
        };
        var folder = new RunnerFolder(wine).WithScript("2500-addresses.cmd", AddressScript.Create(adapter, 1, new Version(5, 1)));
        folder.Start();
        folder.WaitFor("all scripts have run");
        Assert.Contains("2500-addresses.cmd: done, exit code 0", folder.Events);
        Assert.Equal(
            [
                "getmac /v /fo csv /nh",
                "netsh interface ip set address name=\"Verbindung & 2\" source=static addr=10.0.0.9 mask=255.0.0.0 gateway=10.0.0.1 gwmetric=1",
                "netsh interface ip add address name=\"Verbindung & 2\" gateway=10.0.0.2 gwmetric=2",
                "netsh interface ip set dns name=\"Verbindung & 2\" source=static addr=10.0.0.3",
            ],
            Calls());
    }

    [Fact]
    public void IPv6_and_failures_of_netsh_are_carried_out_and_told()
    {
        Prepare();
        Tool("route", " 7 ...52 54 00 ab cd ef ...... Red Hat VirtIO\r\n");
        Tool("netsh", codes: "1 0 0 1");
        var adapter = new AdapterAddresses
        {
            Name = "LAN",
            OldGuid = FirstBootGuests.OldAdapter,
            MacAddress = "52:54:00:ab:cd:ef",
            IPv6 = [new("2001:db8::7", 64)],
            IPv6Gateways = ["fe80::1"],
            IPv6NameServers = ["2001:db8::53"],
        };
        var folder = new RunnerFolder(wine).WithScript("2500-addresses.cmd", AddressScript.Create(adapter, 1, new Version(6, 0)));
        folder.Start();
        folder.WaitFor("all scripts have run");
        Assert.Equal(
            [
                "route print",
                "netsh interface ipv6 delete address interface=7 address=2001:db8::7",
                "netsh interface ipv6 add address interface=7 address=2001:db8::7/64",
                "netsh interface ipv6 delete route prefix=::/0 interface=7 nexthop=fe80::1",
                "netsh interface ipv6 add route prefix=::/0 interface=7 nexthop=fe80::1",
                "netsh interface ipv6 set dnsserver name=7 source=static address=2001:db8::53",
            ],
            Calls());
        Assert.Contains("2500-addresses.cmd: FAILED: exit code 1", folder.Events);
    }

    [Fact]
    public void A_drive_that_is_missing_lets_disks_be_brought_online()
    {
        Prepare();
        var folder = new RunnerFolder(wine).WithScript("2000-online-disks.cmd", OnlineDisksScript.Create(['Q'], 2));
        folder.Start();
        folder.WaitFor("2000-online-disks.cmd: runs");
        folder.WaitUntil(() => Calls().Length >= 10, "diskpart");
        folder.Stop();
        Assert.Equal(
            [
                "diskpart /s \"C:\\windows\\V2V First Boot\\diskpart.txt\"",
                "select disk 0", "attributes disk clear readonly noerr", "online disk noerr", "attributes disk clear readonly noerr",
                "diskpart /s \"C:\\windows\\V2V First Boot\\diskpart.txt\"",
                "select disk 1", "attributes disk clear readonly noerr", "online disk noerr", "attributes disk clear readonly noerr",
            ],
            Calls()[..10]);
    }

    private string System32 => Path.Combine(wine.DriveC, "windows", "system32");

    private string[] Calls() => File.Exists(Path.Combine(wine.DriveC, "tools.log")) ? [.. File.ReadAllLines(Path.Combine(wine.DriveC, "tools.log")).Select(l => l.Trim())] : [];

    /// <summary>Puts the stand-ins where the scripts look for the tools, with nothing to tell.</summary>
    private void Prepare()
    {
        ExternalTool.Need("x86_64-w64-mingw32-gcc");
        wine.Need();
        var source = Path.Combine(AppContext.BaseDirectory, "Conversion", "Windows", "FirstBoot", "Data", "tool.c");
        var program = Path.Combine(wine.DriveC, "tool.exe");
        if (!File.Exists(program))
        {
            ExternalTool.Check("x86_64-w64-mingw32-gcc", "-O", "-o", program, source);
        }

        foreach (var tool in Tools)
        {
            File.Copy(program, Path.Combine(System32, tool + ".exe"), overwrite: true);
            Tool(tool);
        }

        File.Delete(Path.Combine(wine.DriveC, "tools.log"));
    }

    private void Tool(string name, string output = "", string codes = "0")
    {
        File.WriteAllText(Path.Combine(System32, name + ".out"), output);
        File.WriteAllText(Path.Combine(System32, name + ".codes"), codes);
    }

    /// <summary>Copies the service's files, and its key as it stands in the converted guest's hive.</summary>
    private RunnerFolder Install(WindowsGuest guest)
    {
        const string Prefix = "/Windows/V2V/";
        var folder = RunnerFolder.At(wine, "V2V", "FirstBoot");
        foreach (var (path, content) in guest.Root.Files().Where(f => f.Path.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            var to = Path.Combine(wine.DriveC, "windows", "V2V", path[Prefix.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.WriteAllBytes(to, content);
        }

        var key = guest.Read(@"HKLM\SYSTEM\ControlSet001\Services\V2VFirstBoot")!;
        Assert.Equal(2u, key.GetUInt32("Start"));
        wine.Check("sc", "create", FirstBootRunner.ServiceName, "binPath=", key.GetString("ImagePath")!, "start=", "auto");
        return folder;
    }
}
