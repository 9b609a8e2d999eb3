using V2V.Engine.Sources;

namespace V2V.PowerShell.Tests;

/// <summary>Objects of other modules, as far as Get-V2VSourceGuest looks at them: what those modules call things decides what binds.</summary>
public sealed class PipedObjectsTests : IDisposable
{
    private readonly Session _session = new();

    public void Dispose() => _session.Dispose();

    /// <summary>Get-VM of the module Hyper-V: its Path is the folder of the machine's settings, and not what is meant.</summary>
    [Fact]
    public void Machines_of_HyperV_bring_their_disks()
    {
        Guests.WriteRawDisk(_session.Folder, "boot[1].raw");
        Guests.WriteRawDisk(_session.Folder, "data.raw");
        var guest = _session.Run(
            """
            param($f) [pscustomobject]@{
                Name = 'web01'; VMName = 'web01'; State = 'Off'; Path = 'C:\ProgramData\Hyper-V'; ConfigurationLocation = 'C:\ProgramData\Hyper-V'
                Generation = 2; ProcessorCount = 4; MemoryStartup = 3GB; MemoryAssigned = 0; CPUUsage = 0; Uptime = [timespan]::Zero
                HardDrives = @(
                    [pscustomobject]@{ Name = 'Hard Drive on SCSI'; VMName = 'web01'; Path = "$f/boot[1].raw"; ControllerType = 'SCSI' }
                    [pscustomobject]@{ Name = 'Hard Drive on SCSI'; VMName = 'web01'; Path = "$f/data.raw"; ControllerType = 'SCSI' })
            } | Get-V2VSourceGuest
            """,
            _session.Folder).Only<SourceGuest>();
        Assert.Equal(("web01", 4, 3072, Firmware.Uefi), (guest.Name, guest.CpuCount, guest.MemoryMiB, guest.Firmware));
        Assert.Equal(["boot[1].raw", "data.raw"], guest.Disks.Select(d => Path.GetFileName(d.Path)));
    }

    /// <summary>Get-VMHardDiskDrive: each is a guest of its own, called after its machine and not after the drive.</summary>
    [Fact]
    public void Disks_of_HyperV_are_called_after_their_machine()
    {
        Guests.WriteRawDisk(_session.Folder, "data.raw");
        var guest = _session.Run(
            "param($f) [pscustomobject]@{ Name = 'Hard Drive on IDE controller number 0'; VMName = 'web01'; Path = \"$f/data.raw\"; ControllerNumber = 0 } | Get-V2VSourceGuest",
            _session.Folder).Only<SourceGuest>();
        Assert.Equal(("web01", "Disk", 1), (guest.Name, guest.SourceKind, guest.Disks.Count));
    }

    /// <summary>Get-VM of VMware's PowerCLI, with the path of the .vmx file put in: sizes are decimals there.</summary>
    [Fact]
    public void Machines_of_PowerCLI_bring_their_size()
    {
        Guests.WriteVmx(_session.Folder, "web01");
        var guest = _session.Run(
            """
            param($f) [pscustomobject]@{
                Name = 'Web server 1'; PowerState = 'PoweredOff'; NumCpu = 8; CoresPerSocket = 2; MemoryMB = [decimal]6144; MemoryGB = [decimal]6
                ExtensionData = [pscustomobject]@{ Config = [pscustomobject]@{ Firmware = 'efi' } }; Path = "$f/web01.vmx"; Firmware = 'efi'
            } | Get-V2VSourceGuest
            """,
            _session.Folder).Only<SourceGuest>();
        Assert.Equal(("Web server 1", "VMX", 8, 6144, Firmware.Uefi), (guest.Name, guest.SourceKind, guest.CpuCount, guest.MemoryMiB, guest.Firmware));
    }

    /// <summary>Import-Csv: every value is a text, what is not told is an empty one.</summary>
    [Fact]
    public void Rows_of_a_table_are_guests()
    {
        Guests.WriteVmx(_session.Folder, "web01");
        Guests.WriteVmx(_session.Folder, "web02");
        var guests = _session.Run(
            """
            param($f)
            [pscustomobject]@{ Path = "$f/web01.vmx"; Name = 'first'; MemoryMiB = '4,096'; Cpu = '6'; Firmware = 'UEFI' },
            [pscustomobject]@{ Path = "$f/web02.vmx"; Name = ''; MemoryMiB = ''; Cpu = ' '; Firmware = '' } | Get-V2VSourceGuest
            """,
            _session.Folder).All<SourceGuest>();
        Assert.Equal(("first", 4096, 6, Firmware.Uefi), (guests[0].Name, guests[0].MemoryMiB, guests[0].CpuCount, guests[0].Firmware));
        Assert.Equal(("web02", 3072, 2, Firmware.Bios), (guests[1].Name, guests[1].MemoryMiB, guests[1].CpuCount, guests[1].Firmware));
    }

    [Fact]
    public void Disks_of_a_row_stand_between_semicolons()
    {
        Guests.WriteRawDisk(_session.Folder, "a.raw");
        Guests.WriteRawDisk(_session.Folder, "b.raw");
        var guest = _session.Run(
            "param($f) [pscustomobject]@{ Disk = \"$f/a.raw; $f/b.raw\"; Name = 'db'; Generation = '1'; ProcessorCount = '2' } | Get-V2VSourceGuest", _session.Folder).Only<SourceGuest>();
        Assert.Equal(("db", 2, Firmware.Bios, 2), (guest.Name, guest.Disks.Count, guest.Firmware, guest.CpuCount));
    }

    /// <summary>A file has a Name too, which is no guest's; and its size is no memory.</summary>
    [Fact]
    public void Files_keep_the_names_of_their_guests()
    {
        var path = Guests.WriteVmx(_session.Folder, "web01", "other");
        var guests = _session.Run(
            "param($p) [IO.FileInfo]::new($p) | Get-V2VSourceGuest; [pscustomobject]@{ PSPath = $p; Name = 'web.vmx'; FullName = $p; Length = 5 } | Get-V2VSourceGuest; [IO.FileInfo]::new($p) | Get-V2VSourceGuest -Name given", path)
            .All<SourceGuest>();
        Assert.Equal(["web01", "web01", "given"], guests.Select(g => g.Name));
    }

    /// <summary>A guest that was stored (Export-Clixml, ConvertTo-Json) can be read again.</summary>
    [Fact]
    public void Guests_are_read_anew_from_where_they_were()
    {
        var path = Guests.WriteVmx(_session.Folder, "web01");
        var script = """
            param($p) $text = [Management.Automation.PSSerializer]::Serialize((Get-V2VSourceGuest $p), 4)
            [Management.Automation.PSSerializer]::Deserialize($text) | Get-V2VSourceGuest
            """;
        var guest = _session.Run(script, path).Only<SourceGuest>();
        Assert.Equal(("web01", path, 1), (guest.Name, guest.Path, guest.Disks.Count));
    }

    /// <summary>What ConvertTo-Json does with an object: everything public, to any depth.</summary>
    [Fact]
    public void Guests_are_plain_data()
    {
        var path = Guests.WriteVmx(_session.Folder, "web01");
        var guest = _session.Run("param($p) Get-V2VSourceGuest $p", path).Only<SourceGuest>();
        Assert.Contains("\"Capacity\":", System.Text.Json.JsonSerializer.Serialize(guest), StringComparison.Ordinal);
        Assert.DoesNotContain(typeof(SourceDisk).GetProperties(), p => typeof(Delegate).IsAssignableFrom(p.PropertyType));
    }

    /// <summary>A guest of several bare disks is more than its path.</summary>
    [Fact]
    public void Stored_guests_keep_all_of_their_disks()
    {
        Guests.WriteRawDisk(_session.Folder, "a.raw");
        Guests.WriteRawDisk(_session.Folder, "b.raw");
        var script = """
            param($f) $text = [Management.Automation.PSSerializer]::Serialize((Get-V2VSourceGuest -Disk $f/b.raw, $f/a.raw -Name db -Cpu 3), 4)
            [Management.Automation.PSSerializer]::Deserialize($text) | Get-V2VSourceGuest -MemoryMiB 100
            """;
        var guest = _session.Run(script, _session.Folder).Only<SourceGuest>();
        Assert.Equal(("db", 3, 100), (guest.Name, guest.CpuCount, guest.MemoryMiB));
        Assert.Equal(["b.raw", "a.raw"], guest.Disks.Select(d => Path.GetFileName(d.Path)));
    }

    [Theory]
    [InlineData("-MemoryMiB 8192 -Cpu 3 -Firmware Uefi", 8192, 3, Firmware.Uefi)]
    [InlineData("-Firmware bios", 3072, 2, Firmware.Bios)]
    public void What_is_typed_wins_over_the_description(string parameters, long memory, int cpus, Firmware firmware)
    {
        var path = Guests.WriteVmx(_session.Folder, "web01");
        var guest = _session.Run($"param($p) Get-V2VSourceGuest $p {parameters}", path).Only<SourceGuest>();
        Assert.Equal((memory, cpus, firmware), (guest.MemoryMiB, guest.CpuCount, guest.Firmware));
    }

    [Theory]
    [InlineData("[pscustomobject]@{ Name = 'web01'; PowerState = 'PoweredOff' }")]
    [InlineData("[pscustomobject]@{ Path = $p; MemoryMiB = 'much' }")]
    [InlineData("[pscustomobject]@{ Path = $p; Cpu = 0 }")]
    [InlineData("[pscustomobject]@{ Path = $p; Firmware = 'coreboot' }")]
    public void What_makes_no_sense_is_an_error_and_the_next_has_its_turn(string input)
    {
        var path = Guests.WriteVmx(_session.Folder, "web01");
        var outcome = _session.Run($"param($p) {input}, $p | Get-V2VSourceGuest", path);
        Assert.Equal("InputNotUnderstood", outcome.ErrorId);
        Assert.Single(outcome.Output);
    }
}
