using System.Text;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.HyperV;

/// <summary>What products write is in Samples; here is what is left out of it, refused, or made up.</summary>
public sealed class HyperVSourceTests : IDisposable
{
    private const string Id = "6E2B1F0C-93A4-4C39-8B5D-0D7C1D9B7A11";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_settings_in_a_vmcx_file_are_read()
    {
        var settings = Settings();
        for (var i = 0; i < 100; i++)
        {
            // Real files have many more keys than are looked at, in several tables.
            settings.Add($"configuration/global_settings/metrics/value{i}", (long)i);
        }

        var guest = Assert.Single(SampleData.Open(PlaceExport(settings.Add("configuration/settings/processors/count", 6L).ToArray())));
        Assert.Equal(("HyperV", "Hyper-V", "web & shop"), (guest.SourceKind, guest.Hypervisor, guest.Name));
        Assert.Equal((6, 16384), (guest.CpuCount, guest.MemoryMiB));
        Assert.Equal((Firmware.Uefi, true, true), (guest.Firmware, guest.SecureBoot, guest.HasTpm));
        Assert.Equal("Orders\nand payments", guest.Annotation);
        Assert.Equal(new Guid("3f1d2c5b-6a79-4e80-9b1c-2d3e4f5a6b7c"), guest.Uuid);
        Assert.Equal([("system.vhdx", "scsi0:0"), ("data.vhdx", "scsi0:1")], guest.Disks.Select(d => (Path.GetFileName(d.Path), d.Id ?? "")));
        Assert.Equal([new SourceNetworkAdapter("00:15:5d:0a:0b:0c", "netvsc", "Office LAN")], guest.NetworkAdapters);
        Assert.Equal(["TpmContentsStay"], guest.Concerns.Select(c => c.Id));
    }

    /// <summary>Every machine has its state beside its settings, of a suspended one also its memory.</summary>
    [Theory]
    [InlineData("configuration/properties/version", false)]
    [InlineData("savedstate/savedVM/partition_state", true)]
    public void A_saved_state_beside_a_vmcx_file_is_seen(string key, bool isSaved)
    {
        var export = PlaceExport(Settings().ToArray());
        File.WriteAllBytes(_folder[$"export/Virtual Machines/{Id}.vmrs"], new HyperVStorageWriter().Add(key, 2304L).ToArray());
        Assert.Equal(isSaved, SampleData.Open(export)[0].Concerns.Any(c => c.Id == "GuestSuspended"));
    }

    [Fact]
    [Shows("SettingsNotRead")]
    public void What_a_vmcx_file_does_not_tell_is_made_of_the_exports_disks()
    {
        foreach (var settings in new[]
        {
            new HyperVStorageWriter { Version = 0x0500 }.Add("configuration/properties/name", "x").ToArray(),
            new HyperVStorageWriter { PendingChanges = 2 }.Add("configuration/properties/name", "x").ToArray(),
            new HyperVStorageWriter().Add("other/name", "x").ToArray(),
            Settings().ToArray()[..9000],
        })
        {
            var guest = Assert.Single(SampleData.Open(PlaceExport(settings)));
            Assert.Equal("export", guest.Name);
            Assert.Null(guest.Firmware);
            Assert.Equal(["data.vhdx", "system.vhdx"], guest.Disks.Select(d => Path.GetFileName(d.Path)));
            var concern = Assert.Single(guest.Concerns);
            Assert.Equal((ConcernSeverity.Warning, "SettingsNotRead"), (concern.Severity, concern.Id));
            Assert.Contains("-MemoryMiB", concern.Advice, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Without_settings_images_of_checkpoints_are_not_guessed_about()
    {
        var export = PlaceExport(new HyperVStorageWriter { Version = 0x0500 }.Add("configuration/properties/name", "x").ToArray());
        File.WriteAllBytes(_folder["export/Virtual Hard Disks/system_1.avhdx"], new byte[512]);
        var error = Assert.Throws<SourceException>(() => SampleData.Open(export));
        Assert.Equal(V2VError.SourceUnsupported, error.Error);
        Assert.Contains("version 5.0", error.Message, StringComparison.Ordinal);
        Assert.Contains("-Disk", error.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_file_is_not_taken_for_settings()
    {
        var path = _folder[$"{Id}.VMRS"];
        File.WriteAllBytes(path, Settings().ToArray());
        Assert.Contains(".vmrs", Assert.Throws<SourceException>(() => SampleData.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_outside_the_export_is_not_used()
    {
        File.WriteAllText(_folder["outside.vhdx"], "secret");
        foreach (var path in new[] { @"..\..\outside.vhdx", @"C:\VMs\..\..\outside.vhdx", _folder["outside.vhdx"] })
        {
            var export = PlaceExport(new HyperVStorageWriter()
                .Add("configuration/properties/name", "x")
                .Add("configuration/settings/memory/bank/size", 1024L)
                .Add("configuration/settings/processors/count", 1L)
                .Add("configuration/_83f8638b-8dca-4152-9eda-2ca8b33039b4_/controller0/drive0/type", "VHD")
                .Add("configuration/_83f8638b-8dca-4152-9eda-2ca8b33039b4_/controller0/drive0/pathname", path)
                .ToArray());
            var error = Assert.Throws<SourceException>(() => SampleData.Open(export));
            Assert.True(error.Error is V2VError.DiskImageNotFound or V2VError.DiskImageOutsideFolder, error.ToString());
        }

        Directory.CreateDirectory(_folder["export/Virtual Hard Disks"]);
        File.CreateSymbolicLink(_folder["export/Virtual Hard Disks/link.vhdx"], _folder["outside.vhdx"]);
        var linked = Place(s => s.Replace("shares.vhdx", "link.vhdx", StringComparison.Ordinal));
        Assert.Equal(V2VError.DiskImageOutsideFolder, Assert.ThrowsAny<V2VException>(() => SampleData.Open(linked)).Error);
    }

    [Theory]
    [InlineData("<type type=\"string\">VHD</type>", "<type type=\"string\">PHYSICAL</type>", V2VError.SourceUnsupported, "PHYSICAL")]
    [InlineData("shares.vhdx", "missing.vhdx", V2VError.DiskImageNotFound, "missing.vhdx")]
    [InlineData("</configuration>", "</configuration", V2VError.SourceInvalid, "XML")]
    public void Others_are_refused_by_name(string old, string replacement, V2VError expected, string named)
    {
        var error = Assert.Throws<SourceException>(() => SampleData.Open(Place(s => s.Replace(old, replacement, StringComparison.Ordinal))));
        Assert.Equal(expected, error.Error);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_that_make_no_sense_are_replaced_with_a_warning()
    {
        var guest = SampleData.Open(Place(s => s.Replace(">3072<", ">-1<", StringComparison.Ordinal).Replace(">4</count>", ">many</count>", StringComparison.Ordinal)))[0];
        Assert.Equal((1, 2048), (guest.CpuCount, guest.MemoryMiB));
        Assert.Equal(["MemoryNotTold", "ValueReplaced"], guest.Concerns.Select(c => c.Id).Where(id => id is "MemoryNotTold" or "ValueReplaced").Order());
    }

    [Fact]
    [Shows("SnapshotConverted")]
    public void Settings_of_a_checkpoint_are_told_from_those_of_a_machine()
    {
        var guest = SampleData.Open(Place(s => s.Replace(">Virtual Machines</type_id>", ">Snapshots</type_id>", StringComparison.Ordinal)))[0];
        Assert.Contains(guest.Concerns, c => c.Id == "SnapshotConverted");
    }

    [Fact]
    public void Damaged_settings_end_in_the_engines_exception_or_are_read()
    {
        var xml = Encoding.UTF8.GetBytes(SourceSample.Read("hyperv-2012r2-gen2", Id + ".xml"));
        var path = Place(s => s);
        Mutations.Check(xml, xml.Length, 300, damaged =>
        {
            File.WriteAllBytes(path, damaged);
            Assert.NotEmpty(new V2V.Engine.Sources.HyperV.HyperVSource().Read(SourceFile.OnHost(path), new SourceOptions(), TestContext.Current.CancellationToken));
        });
        var settings = Settings().ToArray();
        Mutations.Check(settings, settings.Length, 300, damaged =>
        {
            using var file = new MemoryFile(damaged, "/memory/x.vmcx");
            V2V.Engine.Sources.HyperV.HyperVStorage.Read(file);
        });
    }

    private static HyperVStorageWriter Settings() => new HyperVStorageWriter()
        .Add("configuration/properties/name", "web & shop")
        .Add("configuration/properties/notes", "Orders\nand payments")
        .Add("configuration/properties/subtype", 1L)
        .Add("configuration/properties/type_id", "Virtual Machines")
        .Add("configuration/properties/version", 2304L)
        .Add("configuration/settings/memory/bank/size", 16384L)
        .Add("configuration/settings/memory/bank/dynamic_memory_enabled", false)
        .Add("configuration/_ac6b8dc1-3257-4a70-b1b2-a9c9215659ad_/secure_boot_enabled", true)
        .Add("configuration/_ac6b8dc1-3257-4a70-b1b2-a9c9215659ad_/bios_guid", "{3F1D2C5B-6A79-4E80-9B1C-2D3E4F5A6B7C}")
        .Add("configuration/manifest/vdev001/device", "736e6aa9-a3f8-49c0-9550-a963214d259a")
        .Add("configuration/manifest/vdev001/name", "Microsoft Virtual TPM Device")
        .Add("configuration/manifest/vdev002/device", "d422512d-2bf2-4752-809d-7b82b5fcb1b4")
        .Add("configuration/manifest/vdev002/instance", "B7A1D3C5-0F2E-4D61-8A4B-3C5D7E9F1B2A")
        .Add("configuration/manifest/vdev003/device", "2fc216b0-d2e2-4967-9b6d-b8a5c9ca2778")
        .Add("configuration/manifest/vdev003/instance", "1F2B7C4D-5E6F-4A10-9B8C-7D6E5F4A3B21")
        .Add("configuration/_b7a1d3c5-0f2e-4d61-8a4b-3c5d7e9f1b2a_/controller0/drive0/type", "VHD")
        .Add("configuration/_b7a1d3c5-0f2e-4d61-8a4b-3c5d7e9f1b2a_/controller0/drive0/pathname", @"D:\VMs\web\Virtual Hard Disks\system.vhdx")
        .Add("configuration/_b7a1d3c5-0f2e-4d61-8a4b-3c5d7e9f1b2a_/controller0/drive1/type", "VHD")
        .Add("configuration/_b7a1d3c5-0f2e-4d61-8a4b-3c5d7e9f1b2a_/controller0/drive1/pathname", @"\\nas\vms\data.vhdx")
        .Add("configuration/_1f2b7c4d-5e6f-4a10-9b8c-7d6e5f4a3b21_/MacAddress", "00-15-5D-0A-0B-0C")
        .Add("configuration/_1f2b7c4d-5e6f-4a10-9b8c-7d6e5f4a3b21_/IsConnected", true)
        .Add("configuration/_1f2b7c4d-5e6f-4a10-9b8c-7d6e5f4a3b21_/Connection/AltSwitchName", "Office LAN");

    /// <summary>An export of Server 2016 or later.</summary>
    private string PlaceExport(byte[] settings)
    {
        Directory.CreateDirectory(_folder["export/Virtual Machines"]);
        Directory.CreateDirectory(_folder["export/Virtual Hard Disks"]);
        foreach (var name in new[] { "system", "data" })
        {
            ExternalTool.Check("qemu-img", "create", "-q", "-f", "vhdx", _folder[$"export/Virtual Hard Disks/{name}.vhdx"], "8M");
        }

        File.WriteAllBytes(_folder[$"export/Virtual Machines/{Id}.vmcx"], settings);
        return _folder["export"];
    }

    /// <summary>The sample of 2012 R2, edited.</summary>
    private string Place(Func<string, string> edit)
    {
        Directory.CreateDirectory(_folder["export/Virtual Machines"]);
        Directory.CreateDirectory(_folder["export/Virtual Hard Disks"]);
        foreach (var name in new[] { "system_7D0C7C6E-1F5E-4B0D-9E0E-0A1B2C3D4E5F.avhdx", "shares.vhdx" })
        {
            ExternalTool.Check("qemu-img", "create", "-q", "-f", "vhdx", _folder[$"export/Virtual Hard Disks/{name}"], "8M");
        }

        var path = _folder[$"export/Virtual Machines/{Id}.xml"];
        File.WriteAllText(path, edit(SourceSample.Read("hyperv-2012r2-gen2", Id + ".xml")));
        return path;
    }
}
