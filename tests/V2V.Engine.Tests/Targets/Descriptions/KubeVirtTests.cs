using System.Text.Json;
using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using Xunit;

namespace V2V.Engine.Tests.Targets.Descriptions;

/// <summary>The manifest as PyYAML reads it: every field is one of KubeVirt's API reference (v1), with a value of its type.</summary>
public sealed class KubeVirtTests
{
    private const string Python = "/usr/bin/python3";

    /// <summary>The fields that V2V knows, from the API reference of kubevirt.io/v1 and cdi.kubevirt.io/v1beta1; [] is an item of a list.</summary>
    private static readonly Dictionary<string, JsonValueKind[]> Fields = new()
    {
        ["apiVersion"] = Text,
        ["kind"] = Text,
        ["metadata.name"] = Text,
        ["metadata.annotations.cdi.kubevirt.io/storage.bind.immediate.requested"] = Text,
        ["spec.source.upload"] = Object,
        ["spec.storage.accessModes[]"] = Text,
        ["spec.storage.volumeMode"] = Text,
        ["spec.storage.resources.requests.storage"] = Text,
        ["spec.runStrategy"] = Text,
        ["spec.template.metadata.labels.kubevirt.io/domain"] = Text,
        [D + "clock.utc"] = Object,
        [D + "clock.timer.hpet.present"] = Flag,
        [D + "clock.timer.pit.tickPolicy"] = Text,
        [D + "clock.timer.rtc.tickPolicy"] = Text,
        [D + "clock.timer.hyperv.present"] = Flag,
        [D + "cpu.sockets"] = Number,
        [D + "cpu.cores"] = Number,
        [D + "cpu.threads"] = Number,
        [D + "memory.guest"] = Text,
        [D + "machine.type"] = Text,
        [D + "firmware.bootloader.bios"] = Object,
        [D + "firmware.bootloader.efi.secureBoot"] = Flag,
        [D + "features.acpi"] = Object,
        [D + "features.smm.enabled"] = Flag,
        [D + "features.hyperv.relaxed"] = Object,
        [D + "features.hyperv.vapic"] = Object,
        [D + "features.hyperv.spinlocks.spinlocks"] = Number,
        [D + "features.hyperv.vpindex"] = Object,
        [D + "features.hyperv.runtime"] = Object,
        [D + "features.hyperv.synic"] = Object,
        [D + "features.hyperv.frequencies"] = Object,
        [D + "features.hyperv.tlbflush"] = Object,
        [D + "features.hyperv.ipi"] = Object,
        [D + "features.hyperv.synictimer.direct"] = Object,
        [D + "devices.useVirtioTransitional"] = Flag,
        [D + "devices.autoattachMemBalloon"] = Flag,
        [D + "devices.rng"] = Object,
        [D + "devices.tpm.persistent"] = Flag,
        [D + "devices.disks[].name"] = Text,
        [D + "devices.disks[].disk.bus"] = Text,
        [D + "devices.disks[].bootOrder"] = Number,
        [D + "devices.inputs[].name"] = Text,
        [D + "devices.inputs[].type"] = Text,
        [D + "devices.inputs[].bus"] = Text,
        [D + "devices.interfaces[].name"] = Text,
        [D + "devices.interfaces[].macAddress"] = Text,
        [D + "devices.interfaces[].model"] = Text,
        [D + "devices.interfaces[].masquerade"] = Object,
        [D + "devices.interfaces[].bridge"] = Object,
        [S + "networks[].name"] = Text,
        [S + "networks[].pod"] = Object,
        [S + "networks[].multus.networkName"] = Text,
        [S + "volumes[].name"] = Text,
        [S + "volumes[].dataVolume.name"] = Text,
    };

    private const string S = "spec.template.spec.";
    private const string D = S + "domain.";

    private static JsonValueKind[] Text => [JsonValueKind.String];

    private static JsonValueKind[] Number => [JsonValueKind.Number];

    private static JsonValueKind[] Flag => [JsonValueKind.True, JsonValueKind.False];

    private static JsonValueKind[] Object => [JsonValueKind.Object];

    [Fact]
    public void A_Linux_guest_is_a_machine_with_its_volumes()
    {
        using var guest = new DescribedGuest(GuestPlatform.KubeVirt, DescribedGuest.Guest(h => (h.HasRandomGenerator, h.Virtio10) = (true, false), disks: 2) with { BootDiskIndex = 1 });
        var documents = Read(guest);

        Assert.Equal(["DataVolume", "DataVolume", "VirtualMachine"], documents.Select(d => d.GetProperty("kind").GetString()));
        Assert.Equal(["web-sda", "web-sdb"], documents[..2].Select(d => d.GetProperty("metadata").GetProperty("name").GetString()));
        Assert.Equal(
            [DescribedGuest.Capacity, DescribedGuest.Capacity + (1L << 30)],
            documents[..2].Select(d => long.Parse(At(d, "spec.storage.resources.requests.storage").GetString()!, System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal("Halted", At(documents[2], "spec.runStrategy").GetString());
        Assert.Equal((2, 2, 1), (At(documents[2], D + "cpu.sockets").GetInt32(), At(documents[2], D + "cpu.cores").GetInt32(), At(documents[2], D + "cpu.threads").GetInt32()));
        Assert.Equal("1536Mi", At(documents[2], D + "memory.guest").GetString());
        Assert.Equal([2, 1], At(documents[2], D + "devices.disks").EnumerateArray().Select(d => d.GetProperty("bootOrder").GetInt32()));
        Assert.Equal("br0", At(documents[2], S + "networks").EnumerateArray().Last().GetProperty("multus").GetProperty("networkName").GetString());
        Assert.True(At(documents[2], S + "networks").EnumerateArray().First().TryGetProperty("pod", out _));
        // Interfaces and networks, and disks and volumes, belong together by name.
        Assert.Equal(Names(At(documents[2], S + "networks")), Names(At(documents[2], D + "devices.interfaces")));
        Assert.Equal(Names(At(documents[2], S + "volumes")), Names(At(documents[2], D + "devices.disks")));
    }

    [Fact]
    public void A_Windows_guest_has_its_firmware_TPM_and_enlightenments()
    {
        var domain = DescribedGuest.Guest(
            h => (h.Firmware, h.ClockIsLocalTime, h.DiskBus, h.NetworkModel) = (Firmware.Uefi, true, DiskBus.Sata, NetworkModel.E1000e), s => s with { SecureBoot = true, HasTpm = true });
        using var guest = new DescribedGuest(GuestPlatform.KubeVirt, domain with { OperatingSystem = SampleDomain.Windows });
        var machine = Read(guest)[^1];
        Assert.True(At(machine, D + "firmware.bootloader.efi.secureBoot").GetBoolean());
        Assert.True(At(machine, D + "features.smm.enabled").GetBoolean());
        Assert.True(At(machine, D + "devices.tpm.persistent").GetBoolean());
        Assert.Equal(10, At(machine, D + "features.hyperv").EnumerateObject().Count());
        Assert.Equal("e1000e", At(machine, D + "devices.interfaces")[0].GetProperty("model").GetString());
        Assert.Equal("sata", At(machine, D + "devices.disks")[0].GetProperty("disk").GetProperty("bus").GetString());
    }

    [Fact]
    public void The_script_makes_the_objects_and_uploads_each_disk()
    {
        using var guest = new DescribedGuest(GuestPlatform.KubeVirt, DescribedGuest.Guest(disks: 2));
        guest.Stub("kubectl");
        guest.Stub("virtctl");
        var (exitCode, output, calls) = guest.Run(guest.File("-upload.sh"), "-n", "vms", "--insecure");
        Assert.True(exitCode == 0, output);
        Assert.Equal(
            [
                $"kubectl --namespace vms apply -f {guest.Folder}/web.yaml",
                $"virtctl --namespace vms image-upload dv web-sda --no-create --image-path {guest.Folder}/web-sda.qcow2 --insecure",
                $"virtctl --namespace vms image-upload dv web-sdb --no-create --image-path {guest.Folder}/web-sdb.qcow2 --insecure",
            ],
            calls.Select(c => string.Join(' ', c)));
        Assert.Equal("kubectl apply", string.Join(' ', guest.Run(guest.File("-upload.sh")).Calls[0][..2]));
    }

    [Theory]
    [InlineData("Web", true)]
    [InlineData("web_1", true)]
    [InlineData("-web", true)]
    [InlineData("web\u0131", true)]
    [InlineData("a123456789012345678901234567890123456789012345678901234567890123", true)]
    [InlineData("web-1.lan", false)]
    public void Names_are_those_of_RFC_1123(string name, bool refused)
    {
        using var target = new DirectoryTarget("/srv", GuestPlatform.KubeVirt);
        var found = target.Check(new TargetRequest(name, [])).Where(c => c.Id == "NameInvalid").ToArray();
        Assert.Equal(refused, found.Length == 1);
        Assert.All(found, c => Assert.Contains("-Name", c.Advice, StringComparison.Ordinal));
    }

    /// <summary>The manifest's documents, each of whose fields was found in the reference.</summary>
    private static JsonElement[] Read(DescribedGuest guest)
    {
        Assert.SkipUnless(ExternalTool.Run(Python, "-c", "import yaml").ExitCode == 0, "needs python3-yaml");
        var json = ExternalTool.Check(Python, "-c", "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))", guest.File(".yaml"));
        using var parsed = JsonDocument.Parse(json);
        var documents = parsed.RootElement.Clone().EnumerateArray().ToArray();
        foreach (var (path, value) in documents.SelectMany(d => Leaves("", d)))
        {
            Assert.True(Fields.TryGetValue(path, out var kinds), $"{path} is no field that is known.");
            Assert.Contains(value.ValueKind, kinds);
        }

        return documents;
    }

    private static IEnumerable<(string Path, JsonElement Value)> Leaves(string path, JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object when element.EnumerateObject().Any() =>
            element.EnumerateObject().SelectMany(p => Leaves(path.Length == 0 ? p.Name : $"{path}.{p.Name}", p.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(item => Leaves(path + "[]", item)),
        _ => [(path, element)],
    };

    private static JsonElement At(JsonElement element, string path) => path.Split('.').Aggregate(element, (at, name) => at.GetProperty(name));

    private static string?[] Names(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetProperty("name").GetString())];
}
