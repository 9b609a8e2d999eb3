using System.Text;
using V2V.Engine.Conversion.Windows.Drivers;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows.Drivers;

public sealed class DriverInfReaderTests
{
    [Theory]
    [InlineData("ANSI")]
    [InlineData("UTF-8")]
    [InlineData("UTF-16")]
    [InlineData("UTF-16BE")]
    public void Everything_that_a_driver_tells_is_read(string encoding)
    {
        var text = DriverTree.Inf("viostor", "NTamd64.10.0");
        var inf = Read(encoding switch
        {
            "UTF-8" => [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(text)],
            "UTF-16" => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(text)],
            "UTF-16BE" => [.. Encoding.BigEndianUnicode.Preamble, .. Encoding.BigEndianUnicode.GetBytes(text)],
            _ => Encoding.Latin1.GetBytes(text + "\r\nNotUsed = \"\u00FC\""),
        });

        Assert.Equal("SCSIAdapter", inf.ClassName);
        Assert.Equal(Guid.Parse("4D36E97B-E325-11CE-BFC1-08002BE10318"), inf.ClassGuid);
        Assert.Equal("Red Hat, Inc.", inf.Provider);
        Assert.Equal(new DateOnly(2023, 6, 14), inf.Date);
        Assert.Equal("100.93.104.24000", inf.Version);
        Assert.Equal("viostor.cat", inf.CatalogFile);
        Assert.Equal(["viostor.sys", "viostor.cat"], inf.Files);
        Assert.Equal([@"PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00", @"PCI\VEN_1AF4&DEV_1001"], inf.HardwareIds);
        Assert.Equal("Red Hat VirtIO \"SCSI\" controller; 100%%", Assert.Single(inf.Devices).Description);
        var service = Assert.Single(inf.Services);
        Assert.Same(service, inf.FunctionService);
        Assert.Equal(
            new DriverService("viostor", IsFunction: true, "viostor.sys")
            {
                DisplayName = "Red Hat VirtIO \"SCSI\" controller; 100%%",
                ServiceType = 1,
                StartType = 0,
                ErrorControl = 1,
                LoadOrderGroup = "SCSI miniport",
            },
            service);
    }

    [Theory]
    [InlineData("NTamd64.10.0...17763, NTamd64.10.0...20000, NTamd64.6.1", "NTamd64.10.0...17763")]
    [InlineData("NTamd64.6.1, NTamd64.6.2, NTx86.10.0", "NTamd64.6.2")]
    [InlineData("NTx86, NTamd64, NTARM64", "NTamd64")]
    [InlineData("NTamd64, NTamd64.10.0.3", "NTamd64")]
    [InlineData("NTamd64, NTamd64.10.0.1", "NTamd64.10.0.1")]
    public void The_models_of_the_closest_version_count(string decorations, string chosen)
    {
        var sections = string.Concat(decorations.Split(", ").Select(d => $"[M.{d}]\n{d} = I,PCI\\{d}\n"));

        var inf = Read($"[Version]\nSignature=\"$Windows NT$\"\n[Manufacturer]\nX=M, {decorations}\n{sections}[I]\n");

        Assert.Equal(chosen, Assert.Single(inf.Devices).Description);
    }

    [Theory]
    [InlineData("NTx86", "it is for NTx86, and not for Windows 10 Pro (x86_64)")]
    [InlineData("NT", "it is for NT, and not for")]
    [InlineData("NTamd64.10.0...22000", "it is for NTamd64.10.0...22000, and not for Windows 10 Pro (x86_64), version 10.0.19045")]
    public void What_is_for_others_is_refused_with_what_it_is_for(string decoration, string message)
    {
        var e = Assert.Throws<InvalidDataException>(() => Read(DriverTree.Inf("x", decoration)));

        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Drivers_of_Windows_XP_need_no_decoration()
    {
        const string Text = "[version]\nsignature=$CHICAGO$\n[Manufacturer]\n%V%=M\n[M]\n%D%=I,PCI\\VEN_1AF4\n[I]\nCopyFiles=@x.sys\n[Strings]\nV=v\nD=d\n";
        var xp = new DriverTarget("XP", "i686", 5, 1, 2600, IsServer: false, "Microsoft Windows XP");

        var inf = DriverInfReader.Read(Encoding.Latin1.GetBytes(Text), xp);

        Assert.Equal("d", Assert.Single(inf.Devices).Description);
        Assert.Equal(["x.sys"], inf.Files);
        Assert.Throws<InvalidDataException>(() => Read(Text));
    }

    [Fact]
    public void Decorated_install_sections_co_installers_and_folders_count()
    {
        var inf = Read("""
            [Version]
            Signature="$Windows NT$"
            CatalogFile=all.cat
            CatalogFile.NTx86=x86.cat
            CatalogFile.NTamd64=amd64.cat
            [SourceDisksFiles]
            driver.sys = 1
            helper.exe = 1,bin\x64
            [SourceDisksFiles.amd64]
            renamed-source.dll = 1,\dll
            [Manufacturer]
            Somebody=Models,NTamd64
            [Models.NTamd64]
            A device = Device, \
              PCI\VEN_1, \
              PCI\VEN_2
            [Device.NT]
            CopyFiles=wrong
            [Device.NTamd64]
            CopyFiles=list, @helper.exe
            [Device.NT.Services]
            AddService=,2
            AddService=helper,0,helper.service
            AddService=device,2,device.service
            [Device.NT.CoInstallers]
            CopyFiles=coinstallers
            [list]
            driver.sys
            renamed.dll,renamed-source.dll,,0x4000
            [coinstallers]
            WdfCoInstaller01009.dll
            [wrong]
            wrong.sys
            [helper.service]
            ServiceType=0x10
            StartType=2
            ServiceBinary=%11%\helper.exe
            [device.service]
            ServiceBinary=%13%\driver.sys
            """);

        Assert.Equal(["driver.sys", "dll/renamed-source.dll", "bin/x64/helper.exe", "WdfCoInstaller01009.dll", "amd64.cat"], inf.Files);
        Assert.Equal(["PCI\\VEN_1", "PCI\\VEN_2"], inf.HardwareIds);
        Assert.Equal(["helper", "device"], inf.Services.Select(s => s.Name));
        Assert.Equal(0x10U, inf.Services[0].ServiceType);
        Assert.Equal("driver.sys", inf.FunctionService!.BinaryName);
    }

    [Fact]
    public void A_file_by_others_is_read()
    {
        const string Path = "/usr/share/doc/qemu-system-data/qemupciserial.inf";
        Assert.SkipUnless(File.Exists(Path), $"needs {Path}");

        var inf = DriverInfReader.Read(File.ReadAllBytes(Path), DriverTree.Windows10);

        Assert.Equal("MultiFunction", inf.ClassName);
        Assert.Contains(@"PCI\VEN_1B36&DEV_0002", inf.HardwareIds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\0\0\0\0")]
    [InlineData("[Version]\nClass=Net\n")]
    [InlineData("[Version\nSignature=\"$Windows NT$\"")]
    public void What_is_no_INF_file_is_refused(string text) => Assert.Throws<InvalidDataException>(() => Read(text));

    [Fact]
    public void Damage_never_gets_out_of_hand()
    {
        var text = Encoding.Latin1.GetBytes(DriverTree.Inf("viostor", "NTamd64.10.0"));

        Mutations.Check(text, text.Length, 1000, bytes =>
        {
            try
            {
                Read(bytes);
            }
            catch (InvalidDataException e)
            {
                throw new DriverSourceException(V2VError.DriverSourceInvalid, e.Message);
            }
        });
    }

    [Fact]
    public void Tokens_cannot_make_values_of_any_length()
    {
        var text = $"[Version]\nSignature=\"$Windows NT$\"\nProvider={string.Concat(Enumerable.Repeat("%a%", 200_000))}\n[Strings]\na=\"{new string('x', 60_000)}\"\n";

        Assert.InRange(Read(text).Provider!.Length, 1, 200_000);
    }

    private static DriverInf Read(string text) => Read(Encoding.Latin1.GetBytes(text));

    private static DriverInf Read(byte[] content) => DriverInfReader.Read(content, DriverTree.Windows10);
}
