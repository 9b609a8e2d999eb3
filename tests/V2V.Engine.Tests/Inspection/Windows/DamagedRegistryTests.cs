using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Windows;

/// <summary>A registry that is damaged in any place is read as far as it goes, or refused; nothing else comes of it.</summary>
public sealed class DamagedRegistryTests
{
    [Theory]
    [InlineData("SYSTEM", 1)]
    [InlineData("SYSTEM", 2)]
    [InlineData("SOFTWARE", 3)]
    public void Inspection_ends_in_the_engines_own_exception(string hive, int seed)
    {
        var random = new Random(seed);
        using var phony = PhonyWindows.Create();
        phony.WithSystem($$"""
            [ControlSet001\Control\TimeZoneInformation]
            "RealTimeIsUniversal"=dword:00000001
            [ControlSet001\Control\Class\{{PhonyWindows.NetClass}}\0001]
            "NetCfgInstanceId"="{11111111-0000-4000-8000-000000000001}"
            "DriverDesc"="vmxnet3 Ethernet Adapter"
            [ControlSet001\Control\Network\{{PhonyWindows.NetClass}}\{11111111-0000-4000-8000-000000000001}\Connection]
            "Name"="Ethernet0"
            "PnpInstanceID"="PCI\VEN_15AD&DEV_07B0&SUBSYS_07B015AD&REV_01\FF565000B1199AFE00"
            [ControlSet001\Services\Tcpip\Parameters\Interfaces\{11111111-0000-4000-8000-000000000001}]
            "EnableDHCP"=dword:00000000
            "IPAddress"=multi:"192.0.2.1"
            "SubnetMask"=multi:"255.255.255.0"
            """);
        phony.WithSoftware("[Microsoft\\Windows\\CurrentVersion\\Uninstall\\x]\n\"DisplayName\"=\"x\"\n\"UninstallString\"=expand:\"%SystemRoot%\\x.exe\"");
        var path = $"/Windows/System32/config/{hive}";
        var original = phony.C.ReadAllBytes(path);
        var (read, refused) = (0, 0);
        for (var round = 0; round < 150; round++)
        {
            var damaged = (byte[])original.Clone();
            for (var i = 0; i <= random.Next(3); i++)
            {
                // Behind the header, whose checksum would hide everything else; in the half that has something in it.
                var at = 4096 + random.Next(Math.Min(damaged.Length - 4096, 4096));
                damaged[at] = (byte)random.Next(256);
            }

            phony.C.WriteAllBytes(path, damaged);
            try
            {
                _ = GuestChecks.Run(phony.Inspect(), phony.Source);
                read++;
            }
            catch (V2VException)
            {
                refused++;
            }
        }

        Assert.True(read > 0 && refused > 0, $"{read} were read and {refused} refused: the damage hits nothing, or everything.");
    }
}
