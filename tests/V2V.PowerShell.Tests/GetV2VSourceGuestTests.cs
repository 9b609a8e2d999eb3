using System.Management.Automation;
using V2V.Engine.Sources;

namespace V2V.PowerShell.Tests;

public sealed class GetV2VSourceGuestTests : IDisposable
{
    private readonly Session _session = new();

    [Fact]
    public void A_descriptor_becomes_a_guest_with_its_hardware()
    {
        var path = Guests.WriteVmx(_session.Folder, "web01");
        var guest = _session.Run("param($p) Get-V2VSourceGuest $p", path).Only<SourceGuest>();
        Assert.Equal(("web01", "VMX", path), (guest.Name, guest.SourceKind, guest.Path));
        Assert.Equal((2, 3072), (guest.CpuCount, guest.MemoryMiB));
        Assert.Equal(Guests.DiskLength, Assert.Single(guest.Disks).Capacity);
    }

    [Fact]
    public void Scripts_index_what_a_guest_has()
    {
        var disk = Guests.WriteRawDisk(_session.Folder, "disk.img");
        var outcome = _session.Run(
            "param($d, $s) $g = Get-V2VSourceGuest -Disk $d, $d; $g.Disks[1].GetType().Name; $a = Test-V2VGuest $s; $a.Changes[0].GetType().Name; $a.Source.NetworkAdapters[1].GetType().Name",
            disk, Repository.SampleGuest);
        Assert.Equal([nameof(SourceDisk), nameof(V2V.Engine.Conversion.ConversionChange), nameof(SourceNetworkAdapter)], outcome.All<string>());
    }

    [Fact]
    public void Wildcards_find_files_in_order()
    {
        Guests.WriteVmx(_session.Folder, "b");
        Guests.WriteVmx(_session.Folder, "a");
        Assert.Equal(["a", "b"], _session.Run("param($f) Get-V2VSourceGuest $f/*.vmx", _session.Folder).All<SourceGuest>().Select(g => g.Name));
    }

    [Theory]
    [InlineData("*/*.vmx", "one/Web01", "two/web02", "x[1]/web03")]
    [InlineData("*/WEB0[12].vmx", "one/Web01", "two/web02")]
    [InlineData("o?e/*.VMX", "one/Web01")]
    [InlineData("x`[1`]/*.vmx", "x[1]/web03")]
    [InlineData(".h*/*.vmx", ".hidden/web04")]
    [InlineData("two/../one/*.vmx", "one/Web01")]
    [InlineData("none/*.vmx")]
    public void Wildcards_may_stand_for_folders_too(string pattern, params string[] expected)
    {
        foreach (var (folder, name) in new[] { ("one", "Web01"), ("two", "web02"), ("x[1]", "web03"), (".hidden", "web04") })
        {
            Guests.WriteVmx(Directory.CreateDirectory(Path.Combine(_session.Folder, folder)).FullName, name);
        }

        var found = _session.Run("param($p) Get-V2VSourceGuest $p", $"{_session.Folder}/{pattern}").All<SourceGuest>();
        Assert.Equal(expected, found.Select(g => Path.GetRelativePath(_session.Folder, Path.ChangeExtension(g.Path, null)).Replace('\\', '/')));
    }

    [Fact]
    public void Wildcards_find_folders_of_guests()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_session.Folder, "store", "web01")).FullName;
        Guests.WriteVmx(folder, "web01");
        Assert.Equal("web01", _session.Run("param($f) Get-V2VSourceGuest $f/store/*", _session.Folder).Only<SourceGuest>().Name);
    }

    [Fact]
    public void A_folder_gives_all_of_its_guests_and_with_Recurse_those_below()
    {
        var below = Directory.CreateDirectory(Path.Combine(_session.Folder, "store", "more")).FullName;
        Guests.WriteVmx(below, "c");
        Guests.WriteVmx(_session.Folder, "a");
        Guests.WriteVmx(_session.Folder, "b");
        File.WriteAllText(Path.Combine(below, "bad.ovf"), "<Envelope");
        Assert.Equal(["a", "b"], _session.Run("param($f) Get-V2VSourceGuest $f", _session.Folder).All<SourceGuest>().Select(g => g.Name));

        foreach (var script in new[] { "Get-V2VSourceGuest $f -Recurse", "[IO.DirectoryInfo]::new($f) | Get-V2VSourceGuest -Recurse" })
        {
            var outcome = _session.Run("param($f) " + script, _session.Folder);
            Assert.Equal(["a", "b", "c"], outcome.Output.Cast<SourceGuest>().Select(g => g.Name));
            Assert.EndsWith("bad.ovf", (string)Assert.Single(outcome.Errors).TargetObject, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("gopher://host/web.vmx")]
    [InlineData("-LiteralPath gopher://host/web.vmx")]
    [InlineData("-Disk gopher://host/web.img")]
    public void A_URI_is_no_path_of_PowerShell(string parameters) => Assert.Equal("DiskImageUnsupported", _session.Run($"Get-V2VSourceGuest {parameters}").ErrorId);

    /// <summary>libvirt's test driver has one guest, called test, that is always running.</summary>
    [Fact]
    public void Guests_of_a_connection_are_listed_by_name()
    {
        var all = _session.Run("Get-V2VSourceGuest -Connection test:///default -WarningAction SilentlyContinue");
        Assert.SkipWhen(all.Errors.Any(e => e.FullyQualifiedErrorId.StartsWith("LibvirtUnavailable", StringComparison.Ordinal)), "libvirt is missing");
        Assert.Equal(["test"], all.All<SourceGuest>().Select(g => g.Name));
        Assert.Equal(GuestState.Running, ((SourceGuest)all.Output[0]).State);
        Assert.Single(_session.Run("Get-V2VSourceGuest -Connection test:///default -Name te*, x* -Cpu 3 -WarningAction SilentlyContinue").All<SourceGuest>(), g => g.CpuCount == 3);
        Assert.Single(_session.Run("'test', [pscustomobject]@{ Name = 'none*' } | Get-V2VSourceGuest -Connection test:///default -WarningAction SilentlyContinue").All<SourceGuest>());
        Assert.Equal("SourceNotFound", _session.Run("Get-V2VSourceGuest -Connection test:///default -Name other").ErrorId);
        Assert.Equal(
            ["test"],
            _session.Run("$t = 'Get-V2VSourceGuest -Connection test:///default -Name t'; [Management.Automation.CommandCompletion]::CompleteInput($t, $t.Length, $null).CompletionMatches")
                .All<CompletionResult>().Select(c => c.CompletionText));
    }

    [Fact]
    public void Relative_paths_are_relative_to_PowerShells_location()
    {
        Guests.WriteVmx(_session.Folder, "web01");
        var outcome = _session.Run(
            "param($f) $ExecutionContext.SessionState.Path.SetLocation($f) > $null; Get-V2VSourceGuest web01.vmx; Get-V2VSourceGuest -LiteralPath ./web01.vmx",
            _session.Folder);
        Assert.Equal(2, outcome.All<SourceGuest>().Count);
    }

    [Fact]
    public void A_libvirt_description_reaches_disks_elsewhere_only_with_leave()
    {
        var images = Directory.CreateDirectory(Path.Combine(_session.Folder, "images")).FullName;
        var guests = Directory.CreateDirectory(Path.Combine(_session.Folder, "guests")).FullName;
        var disk = Guests.WriteRawDisk(images, "web01.img");
        File.WriteAllText(Path.Combine(guests, "web01.xml"), $"""
            <domain type='xen'><name>web01</name><memory>524288</memory><os><type>linux</type></os><devices>
            <disk type='file' device='disk'><driver name='file'/><source file='{disk}'/><target dev='xvda' bus='xen'/></disk>
            </devices></domain>
            """);
        var refused = _session.Run("param($f) Get-V2VSourceGuest $f/*.xml", guests);
        Assert.StartsWith("DiskImageOutsideFolder", Assert.Single(refused.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);

        var guest = _session.Run("param($f, $i) Get-V2VSourceGuest $f/*.xml -AllowDiskFolder $i", guests, images).Only<SourceGuest>();
        Assert.Equal(("web01", "LibvirtXml", disk), (guest.Name, guest.SourceKind, Assert.Single(guest.Disks).Path));
    }

    [Fact]
    public void Strings_come_through_the_pipeline()
    {
        string[] paths = [Guests.WriteVmx(_session.Folder, "a"), Guests.WriteVmx(_session.Folder, "b")];
        Assert.Equal(2, _session.Run("param($p) $p | Get-V2VSourceGuest", (object)paths).All<SourceGuest>().Count);
    }

    [Fact]
    public void Files_come_through_the_pipeline_whatever_characters_their_names_have()
    {
        var path = Guests.WriteVmx(_session.Folder, "web01", "web[1]");
        Assert.Equal("web01", _session.Run("param($p) [IO.FileInfo]::new($p) | Get-V2VSourceGuest", path).Only<SourceGuest>().Name);
        Assert.Equal("web01", _session.Run("param($p) Get-V2VSourceGuest -LiteralPath $p", path).Only<SourceGuest>().Name);
    }

    [Fact]
    public void A_missing_file_is_an_error_and_the_next_has_its_turn()
    {
        var path = Guests.WriteVmx(_session.Folder, "web01");
        var outcome = _session.Run("param($p) Get-V2VSourceGuest \"$p.nope\", $p", path);
        Assert.Equal("SourceNotFound,V2V.PowerShell.Commands.GetV2VSourceGuestCommand", Assert.Single(outcome.Errors).FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.ObjectNotFound, outcome.Errors[0].CategoryInfo.Category);
        Assert.Equal(path + ".nope", outcome.Errors[0].TargetObject);
        Assert.IsType<SourceGuest>(Assert.Single(outcome.Output));
    }

    [Fact]
    public void A_missing_literal_path_is_an_error_of_the_same_id() =>
        Assert.Equal("SourceNotFound", _session.Run("param($f) Get-V2VSourceGuest -LiteralPath $f/nope.vmx", _session.Folder).ErrorId);

    [Fact]
    public void A_wildcard_that_nothing_matches_is_no_error() =>
        Assert.Empty(_session.Run("param($f) Get-V2VSourceGuest $f/*.ova", _session.Folder).All<object>());

    [Fact]
    public void A_malformed_descriptor_is_an_error_about_its_path()
    {
        var path = Path.Combine(_session.Folder, "bad.ovf");
        File.WriteAllText(path, "<?xml version=\"1.0\"?><Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\"><Refer");
        var error = Assert.Single(_session.Run("param($p) Get-V2VSourceGuest $p", path).Errors);
        Assert.StartsWith("Source", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(path, error.TargetObject);
    }

    [Theory]
    [InlineData("Get-V2VSourceGuest env:PATH")]
    [InlineData("Get-V2VSourceGuest -LiteralPath env:PATH")]
    public void Paths_of_other_providers_are_refused(string script) => Assert.Equal("NotAFileSystemPath", _session.Run(Caught(script)).ErrorId);

    [Fact]
    public void A_drive_that_does_not_exist_is_an_error() =>
        Assert.StartsWith("DriveNotFound", _session.Run("Get-V2VSourceGuest nosuch:web.vmx").ErrorId, StringComparison.Ordinal);

    [Fact]
    public void Bare_disks_make_one_guest()
    {
        Guests.WriteRawDisk(_session.Folder, "sda.raw");
        Guests.WriteRawDisk(_session.Folder, "sdb.raw");
        var guest = _session.Run("param($f) Get-V2VSourceGuest -Disk $f/sda.raw, $f/sdb.raw -Name db", _session.Folder).Only<SourceGuest>();
        Assert.Equal(("db", "Disk", 2), (guest.Name, guest.SourceKind, guest.Disks.Count));
    }

    [Fact]
    public void Disks_in_archives_are_named_by_an_exclamation_mark()
    {
        foreach (var name in new[] { "sda.raw", "sdb.raw" })
        {
            Guests.WriteRawDisk(_session.Folder, name);
        }

        using (var archive = System.IO.Compression.ZipFile.Open(Path.Combine(_session.Folder, "db.zip"), System.IO.Compression.ZipArchiveMode.Create))
        {
            System.IO.Compression.ZipFileExtensions.CreateEntryFromFile(archive, Path.Combine(_session.Folder, "sda.raw"), "sda.raw");
            System.IO.Compression.ZipFileExtensions.CreateEntryFromFile(archive, Path.Combine(_session.Folder, "sdb.raw"), "sdb.raw");
        }

        var refused = _session.Run("param($f) Get-V2VSourceGuest $f/db.zip", _session.Folder);
        Assert.StartsWith("SourceUnsupported", Assert.Single(refused.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        var guest = _session.Run("param($f) Get-V2VSourceGuest -Disk $f/db.zip!sda.raw, $f/db.zip!sdb.raw -TemporaryDirectory $f", _session.Folder).Only<SourceGuest>();
        Assert.Equal(Path.Combine(_session.Folder, "db.zip") + "!sdb.raw", guest.Disks[1].Path);
    }

    [Fact]
    public void A_guest_is_not_made_without_one_of_its_disks()
    {
        Guests.WriteRawDisk(_session.Folder, "sda.raw");
        var outcome = _session.Run("param($f) Get-V2VSourceGuest -Disk $f/sda.raw, $f/sdb.raw", _session.Folder);
        Assert.Equal("SourceNotFound", outcome.ErrorId);
        Assert.Empty(outcome.Output);
    }

    [Theory]
    [InlineData("Get-V2VSourceGuest -Path a -Disk b", "AmbiguousParameterSet")]
    [InlineData("Get-V2VSourceGuest -Path a -Connection qemu:///system", "AmbiguousParameterSet")]
    [InlineData("Get-V2VSourceGuest a -Name b, c", "ParametersConflict")]
    [InlineData("Get-V2VSourceGuest a -MemoryMiB 0", "ParameterArgumentValidationError")]
    [InlineData("Get-V2VSourceGuest ''", "ParameterArgumentValidationError")]
    public void Parameters_that_exclude_each_other_are_refused(string script, string id) =>
        Assert.StartsWith(id, _session.RunToTerminatingError(script).FullyQualifiedErrorId, StringComparison.Ordinal);

    public void Dispose() => _session.Dispose();

    /// <summary>Turns a terminating error into one that is only written.</summary>
    private static string Caught(string script) => $"try {{ {script} }} catch {{ $PSCmdlet.WriteError($_) }}".Insert(0, "[CmdletBinding()] param() ");
}
