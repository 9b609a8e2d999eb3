using V2V.Engine.Conversion.Windows.FirstBoot;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Tests.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows.FirstBoot;

/// <summary>What the steps arrange for the first boot, and the exact text of it.</summary>
public sealed class FirstBootStepsTests
{
    [Theory]
    [InlineData("10", "/add-driver \"%inf%\" /install")]
    [InlineData("2016", "/add-driver \"%inf%\" /install")]
    [InlineData("2012R2", "-i -a \"%inf%\"")]
    [InlineData("7", "-i -a \"%inf%\"")]
    public void Every_driver_has_a_script_of_its_own_and_that_of_the_system_disk_is_the_first(string release, string command)
    {
        using var guest = WindowsGuest.Create(release);
        using var tree = DriverTree.Create([guest.Release.Drivers]);
        guest.Options = new ConversionOptions { DriverSource = tree.Path, BlockDriver = StoragePreference.Vioscsi };
        using var context = guest.Run(FirstBootGuests.Steps);
        var drivers = context.FirstBoot.Scripts.Where(s => s.Priority == FirstBootPriorities.InstallDrivers).ToArray();
        Assert.Equal(
            ["install-vioscsi", "install-balloon", "install-netkvm", "install-pvpanic", "install-viorng", "install-vioser", "install-viostor"], drivers.Select(s => s.Name));
        Assert.Equal(
            $"""
            @echo off
            echo netkvm 100.95.104.26200
            set "inf=%SystemRoot%\Drivers\VirtIO\netkvm.inf"
            set tries=3
            :install
            "%SystemRoot%\System32\pnputil.exe" {command}
            set result=%errorlevel%
            echo pnputil ended with %result%.
            rem 259: no device has this driver, or each has it already.
            if "%result%"=="0" exit /b 0
            if "%result%"=="259" exit /b 0
            if "%result%"=="3010" exit /b 3010
            if "%result%"=="1641" exit /b 3010
            set /a tries-=1
            if %tries% leq 0 exit /b %result%
            ping -n 21 127.0.0.1 >nul
            goto install

            """.ReplaceLineEndings("\r\n"),
            drivers[2].Content);
    }

    [Fact]
    public void XP_finds_its_drivers_by_itself_and_is_waited_for()
    {
        using var guest = WindowsGuest.Create("xp", is32Bit: true);
        using var tree = DriverTree.Create(["xp"], "x86");
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        using var context = guest.Run(FirstBootGuests.Steps);
        Assert.Equal(["wait-for-drivers", "install-qemu-guest-agent"], context.FirstBoot.Scripts.Select(s => s.Name));
        Assert.Contains("reg query \"HKLM\\SYSTEM\\CurrentControlSet\\Services\\netkvm\\Enum\" /v 0 >nul 2>&1\r\n", context.FirstBoot.Scripts[0].Content);
        Assert.NotNull(guest.Root.Find("/Windows/V2V/FirstBoot/scripts/qemu-ga-i386.msi"));
    }

    [Fact]
    public void A_guest_without_drivers_and_with_nothing_to_keep_gets_no_service()
    {
        using var guest = WindowsGuest.Create("10");
        guest.Options = new ConversionOptions { AllowNoDrivers = true, DriverSource = guest.Options.DriverSource };
        using var context = guest.Run([.. FirstBootGuests.Steps.Where(s => s.GetType().Name != "ChooseDrivers")]);
        Assert.Empty(context.FirstBoot.Scripts);
        Assert.Empty(context.Changes);
    }

    [Fact]
    public void An_agent_that_is_installed_is_left_alone()
    {
        using var guest = WindowsGuest.Create("10");
        using var tree = DriverTree.Create(["w10"]);
        guest.Root.With("/Program Files/Qemu-ga/qemu-ga.exe", "x");
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        using var context = guest.Run(FirstBootGuests.Steps);
        Assert.DoesNotContain(context.FirstBoot.Scripts, s => s.Name.Contains("agent"));
        Assert.Empty(context.FirstBoot.Files);
    }

    [Fact]
    public void The_balloon_service_is_registered_where_its_program_is_staged()
    {
        using var guest = WindowsGuest.Create("10");
        using var tree = DriverTree.Create(["w10"]);
        tree.Add("Balloon/w10/amd64/blnsvr.exe", PhonyGuest.Pe(0x8664, "blnsvr"));
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        using var context = guest.Run(FirstBootGuests.Steps);
        var script = Assert.Single(context.FirstBoot.Scripts, s => s.Name == "install-balloon-service");
        Assert.Contains("\"%program%\" -i\r\n", script.Content);
        Assert.NotNull(guest.Root.Find("/Windows/Drivers/VirtIO/blnsvr.exe"));
    }

    [Fact]
    public void Addresses_move_to_the_adapter_with_the_MAC_address_that_the_domain_gets()
    {
        using var guest = WindowsGuest.Create("2022").WithStaticAddresses();
        using var context = guest.Run(new KeepStaticAddresses());
        var script = Assert.Single(context.FirstBoot.Scripts);
        Assert.Equal("addresses-of-adapter-1", script.Name);
        Assert.Equal(
            $$"""
            @echo off
            echo vmxnet3 Ethernet Adapter: {{PhonyGuest.Mac1}}
            set failed=0
            set tries=60
            :find
            set "adapter="
            for /f "tokens=1-7 delims=. " %%i in ('%SystemRoot%\System32\route.exe print') do if /i "%%j:%%k:%%l:%%m:%%n:%%o"=="{{PhonyGuest.Mac1}}" set "adapter=%%i"
            if defined adapter goto found
            set /a tries-=1
            if %tries% leq 0 goto missing
            ping -n 6 127.0.0.1 >nul
            goto find
            :missing
            echo There is no adapter with this address.
            if "%V2V_RETRIES_LEFT%"=="0" exit /b 1
            if exist "%~f0.again" exit /b 1
            echo again>"%~f0.again"
            exit /b 249
            :found
            call :netsh interface ipv4 set address name=%adapter% source=static address=192.0.2.7 mask=255.255.255.0 gateway=192.0.2.1
            call :netsh interface ipv4 add address name=%adapter% address=198.51.100.7 mask=255.255.254.0
            call :netsh interface ipv4 set dnsserver name=%adapter% source=static address=192.0.2.53 validate=no
            call :netsh interface ipv4 add dnsserver name=%adapter% address=192.0.2.54 index=2 validate=no
            if not %failed%==0 exit /b %failed%
            set "interfaces=HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces"
            set "new="
            for /f "tokens=*" %%k in ('reg query "%interfaces%"') do call :claims "%%k"
            if not defined new exit /b 0
            reg add "%interfaces%\%new%" /v Domain /t REG_SZ /d "corp.example" /f
            reg query "%interfaces%\{{FirstBootGuests.OldAdapter}}" >nul 2>&1
            if errorlevel 1 exit /b 0
            reg add "%interfaces%\{{FirstBootGuests.OldAdapter}}" /v EnableDHCP /t REG_DWORD /d 1 /f
            for %%v in (IPAddress SubnetMask DefaultGateway DefaultGatewayMetric NameServer) do reg delete "%interfaces%\{{FirstBootGuests.OldAdapter}}" /v %%v /f
            exit /b %failed%

            :netsh
            echo netsh %*
            "%SystemRoot%\System32\netsh.exe" %*
            if errorlevel 1 set failed=1
            goto :eof

            :claims
            if /i "%~nx1"=="{{FirstBootGuests.OldAdapter}}" goto :eof
            set "list="
            for /f "tokens=3" %%a in ('reg query "%~1" /v IPAddress 2^>nul') do set "list=\0%%a\0"
            if not defined list goto :eof
            if not "%list:\0192.0.2.7\0=%"=="%list%" set "new=%~nx1"
            goto :eof

            """.ReplaceLineEndings("\r\n"),
            script.Content);
    }

    /// <summary>Nothing of what a guest's registry says can end a line or start a command.</summary>
    [Fact]
    public void What_a_guest_says_cannot_become_a_command()
    {
        var adapter = AdapterAddresses.Of(
            new WindowsAdapter
            {
                Guid = FirstBootGuests.OldAdapter,
                ConnectionName = "LAN & format C:\r\n%PATH% \"<x>\" ^| Ünï",
                IPv4 = [new("192.0.2.7 & calc", 24), new("192.0.2.8", 24), new("192.0.2.9", 99)],
                IPv6 = [new("fe80::1%5", 64), new("2001:db8::1", 64)],
                Gateways = ["192.0.2.1;x"],
                NameServers = ["%PATH%"],
                DnsSuffix = "a&b",
            },
            "52:54:00:12:34:56");
        Assert.Equal([new("192.0.2.8", 24)], adapter.IPv4);
        Assert.Equal([new("2001:db8::1", 64)], adapter.IPv6);
        Assert.Empty(adapter.IPv4Gateways);
        Assert.Empty(adapter.IPv4NameServers);
        Assert.Null(adapter.DnsSuffix);
        var text = AddressScript.Create(adapter, 1, new Version(10, 0)).Content;
        Assert.Contains("echo LAN _ format C:___PATH_ __x__ __ _n_: 52:54:00:12:34:56\r\n", text);
        Assert.True(text.All(char.IsAscii));
    }

    [Theory]
    [InlineData(0, "0.0.0.0")]
    [InlineData(1, "128.0.0.0")]
    [InlineData(20, "255.255.240.0")]
    [InlineData(32, "255.255.255.255")]
    public void Masks_are_written_with_dots(int prefixLength, string mask) => Assert.Equal(mask, AdapterAddresses.Mask(prefixLength));

    [Fact]
    [Shows("StaticAddressNotMoved")]
    public void An_adapter_that_cannot_be_told_is_named()
    {
        using var guest = WindowsGuest.Create("2022").WithStaticAddresses().Edit((system, _) =>
        {
            var driver = system.Find(@"ControlSet001\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}\0007")!;
            driver.SetString("DeviceInstanceID", @"PCI\VEN_15AD&DEV_07B0\4&1&0&0888");
            var other = system.Create(@"ControlSet001\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}\0008");
            other.SetString("NetCfgInstanceId", "{11111111-2222-4333-8444-555555555555}");
            other.SetString("ComponentId", @"pci\ven_15ad&dev_07b0");
            other.SetString("DeviceInstanceID", @"PCI\VEN_15AD&DEV_07B0\4&2&0&0888");
            other.SetUInt32("Characteristics", 0x84);
        });
        using var context = guest.Run(new KeepStaticAddresses());
        Assert.Empty(context.FirstBoot.Scripts);
        Assert.Equal("StaticAddressNotMoved", Assert.Single(context.Concerns).Id);
    }

    [Fact]
    public void VMware_tools_are_uninstalled_by_their_product_code()
    {
        using var guest = WindowsGuest.Create("2022").WithVMwareTools();
        using var context = guest.Run(new UninstallHypervisorTools());
        var script = Assert.Single(context.FirstBoot.Scripts);
        Assert.Equal("uninstall-vmware-tools", script.Name);
        Assert.Contains(
            "start \"\" /wait \"%SystemRoot%\\System32\\msiexec.exe\" /x {2F2E3A3C-5C3B-4F0D-8E5D-6B7A8C9D0E1F} /qn /norestart "
            + "/l*v \"%V2V_FIRSTBOOT%\\logs\\vmware-tools.msi.log\" REBOOT=ReallySuppress REMOVE=ALL\r\n",
            script.Content);
    }

    [Theory]
    [InlineData("VMware Tools", "x", "MsiExec.exe /I{2F2E3A3C-5C3B-4F0D-8E5D-6B7A8C9D0E1F}", "/x {2F2E3A3C-5C3B-4F0D-8E5D-6B7A8C9D0E1F} /qn")]
    [InlineData("Parallels Tools", "{2f2e3a3c-5c3b-4f0d-8e5d-6b7a8c9d0e1f}", null, "REMOVE=ALL PREVENT_REBOOT=Yes LAUNCHED_BY_SETUP_EXE=Yes\r\n")]
    [InlineData("Parallels Tools", "{2f2e3a3c-5c3b-4f0d-8e5d-6b7a8c9d0e1f}", null, "@echo off\r\nreg delete \"HKLM\\SYSTEM\\CurrentControlSet\\Services\\prl_strg\\DriverInfo\" /v RefCount /f\r\nset busy=20\r\n")]
    [InlineData("Oracle VM VirtualBox Guest Additions 7.0.14", "x", @"C:\Program Files\Oracle\VirtualBox Guest Additions\uninst.exe", "set \"program=C:\\Program Files\\Oracle\\VirtualBox Guest Additions\\uninst.exe\"\r\nif not exist \"%program%\" exit /b 0\r\nstart \"\" /wait \"%program%\" /S\r\n")]
    [InlineData("Xen", "Red Hat Paravirtualized Xen Drivers for Windows(R)", "\"%ProgramFiles%\\RHXen\\uninst.exe\" /x", "set \"program=%ProgramFiles%\\RHXen\\_uninst.exe\"\r\n")]
    [InlineData("VMware Tools", "x", "setup.exe & calc", null)]
    [InlineData("VirtualBox Guest Additions", "x", "C:\\Progr\u00e4m\\uninst.exe", null)]
    [InlineData("VirtualBox Guest Additions", "x", "\"\r\ncalc.exe\"", null)]
    [InlineData("VirtualBox Guest Additions", "x", null, null)]
    public void Uninstallers_run_without_questions(string name, string key, string? command, string? expected)
    {
        var application = new InstalledApplication { DisplayName = name, KeyName = key, KeyPath = key, UninstallString = command };
        Assert.True(UninstallScript.IsForeign(application, out var script));
        if (expected is null)
        {
            Assert.Null(script);
        }
        else
        {
            Assert.Contains(expected, script!.Content);
            Assert.True(script.Content.All(char.IsAscii));
        }
    }

    [Fact]
    public void Other_programs_stay() =>
        Assert.False(UninstallScript.IsForeign(new InstalledApplication { DisplayName = "VMware Workstation", KeyName = "x", KeyPath = "x" }, out _));

    [Theory]
    [InlineData(2u, "reg add \"HKLM\\SYSTEM\\CurrentControlSet\\Services\\partmgr\\Parameters\" /v SanPolicy /t REG_DWORD /d 2 /f\r\n")]
    [InlineData(null, "reg delete \"HKLM\\SYSTEM\\CurrentControlSet\\Services\\partmgr\\Parameters\" /v SanPolicy /f\r\n")]
    public void Data_disks_come_online_before_services_want_them_and_the_policy_is_put_back(uint? policy, string restored)
    {
        using var guest = WindowsGuest.Create("2022").WithDataDisk();
        if (policy is { } value)
        {
            guest.Edit((system, _) => system.Create(@"ControlSet001\Services\partmgr\Parameters").SetUInt32("SanPolicy", value));
        }

        using var context = guest.Run(new BringDataDisksOnline());
        Assert.Equal(1u, guest.Read(@"HKLM\SYSTEM\ControlSet001\Services\partmgr\Parameters")!.GetUInt32("SanPolicy"));
        Assert.Equal(["restore-san-policy", "online-disks"], context.FirstBoot.Scripts.Select(s => s.Name));
        Assert.Contains(restored, context.FirstBoot.Scripts[0].Content);
        Assert.Contains("for %%d in (D) do if not exist %%d:\\ set \"missing=%%d\"\r\n", context.FirstBoot.Scripts[1].Content);
        Assert.Contains("for /l %%n in (0,1,1) do call :online %%n\r\n", context.FirstBoot.Scripts[1].Content);
    }

    [Fact]
    [Shows("DiskWasOffline")]
    public void Disks_of_a_guest_that_had_one_offline_are_left_alone()
    {
        using var guest = WindowsGuest.Create("2022").WithDataDisk().Edit((system, _) =>
            system.Create(@"ControlSet001\Enum\SCSI\Disk&Ven_VMware&Prod_Virtual_disk\5&1&0&000100\Device Parameters\Partmgr").SetUInt32("Attributes", 1));
        using var context = guest.Run(new BringDataDisksOnline());
        Assert.Empty(context.FirstBoot.Scripts);
        Assert.Empty(context.Changes);
        Assert.Equal("DiskWasOffline", Assert.Single(context.Concerns).Id);
    }

    [Fact]
    public void A_guest_with_one_disk_keeps_its_policy()
    {
        using var guest = WindowsGuest.Create("2022");
        using var context = guest.Run(new BringDataDisksOnline());
        Assert.Empty(context.Changes);
        Assert.Empty(context.FirstBoot.Scripts);
    }

    [Fact]
    public void PowerShell_scripts_run_where_only_signed_files_may()
    {
        Assert.Equal(
            """
            @echo off
            set "powershell=%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe"
            if not exist "%powershell%" (
                echo Windows PowerShell is not installed, so this script cannot run.
                exit /b 2
            )
            set "V2V_SCRIPT=%~dp0a.ps1"
            "%powershell%" -NoLogo -NoProfile -NonInteractive -Command "Invoke-Expression (Get-Content -LiteralPath $env:V2V_SCRIPT -Encoding UTF8 | Out-String)"
            exit /b %errorlevel%

            """.ReplaceLineEndings("\r\n"),
            PowerShellScript.Wrapper("a.ps1"));
    }

    [Theory]
    [InlineData("plain", "\"plain\"")]
    [InlineData("100% & more", "\"100%% & more\"")]
    public void Arguments_are_quoted(string text, string quoted) => Assert.Equal(quoted, Batch.Quote(text));

    [Theory]
    [InlineData("a\"b")]
    [InlineData("a\nb")]
    [InlineData("\u00fc")]
    public void What_a_batch_file_cannot_hold_is_refused(string text) => Assert.Throws<ArgumentException>(() => Batch.Quote(text));
}
