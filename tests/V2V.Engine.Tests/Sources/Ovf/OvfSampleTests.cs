using System.Runtime.CompilerServices;
using System.Xml.Linq;
using V2V.Engine.Tests.Sources.LibvirtXml;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.Ovf;

/// <summary>
/// Descriptors as products write them (Samples): everything that is read of each is what the .expected file beside it says. V2V_UPDATE_EXPECTED=1
/// writes these files anew, to be read before they are kept.
/// </summary>
public sealed class OvfSampleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Names() => [.. Directory.EnumerateFiles(Folder(), "*.ovf").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_descriptor_is_read_completely(string name)
    {
        File.Copy(Path.Combine(Folder(), name + ".ovf"), _folder[name + ".ovf"]);
        MakeDisks(XElement.Load(_folder[name + ".ovf"]));
        var guests = SampleData.Open(_folder[name + ".ovf"]);
        var actual = string.Join("\n", guests.Select(g => LibvirtXmlSamples.Describe(g, _folder)));
        var expected = Path.Combine(Folder(), name + ".expected");
        if (Environment.GetEnvironmentVariable("V2V_UPDATE_EXPECTED") == "1")
        {
            File.WriteAllText(expected, actual);
        }

        Assert.Equal(File.ReadAllText(expected), actual);
        foreach (var disk in guests.SelectMany(g => g.Disks))
        {
            using var device = disk.Open();
            Assert.Equal(disk.Capacity, device.Length);
            device.Read(0, new byte[512]);
        }
    }

    private void MakeDisks(XElement envelope)
    {
        foreach (var file in envelope.Descendants().Where(e => e.Name.LocalName == "File"))
        {
            var href = Attribute(file, "href")!;
            var disk = envelope.Descendants().First(e => e.Name.LocalName == "Disk" && Attribute(e, "fileRef") is { } reference && (reference == Attribute(file, "id") || reference == href));
            var format = Attribute(disk, "volume-format") switch
            {
                "COW" => "qcow2",
                "RAW" => "raw",
                _ => Attribute(disk, "format")!.Contains("vhd", StringComparison.Ordinal) ? "vpc" : "vmdk",
            };
            var path = _folder[href];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string[] options = format switch
            {
                "vmdk" => ["-o", "subformat=streamOptimized"],
                "vpc" => ["-o", "force_size=on"],
                _ => [],
            };
            var raw = _folder["made.raw"];
            using (var data = File.Create(raw))
            {
                data.Write(SampleDisks.Content());
                data.SetLength(SampleDisks.Capacity);
            }

            ExternalTool.Check("qemu-img", ["convert", "-f", "raw", "-O", format, .. options, raw, path]);
            File.Delete(raw);
            if (Attribute(file, "compression") == "gzip")
            {
                ExternalTool.Check("sh", "-c", $"gzip -c {path} > {path}.packed && mv {path}.packed {path}");
            }

            if (Attribute(file, "chunkSize") is { } size)
            {
                ExternalTool.Check("split", "-b", size, "-d", "-a", "9", path, path + ".");
                File.Delete(path);
            }
        }
    }

    private static string? Attribute(XElement element, string name) => element.Attributes().FirstOrDefault(a => a.Name.LocalName == name)?.Value;

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Samples");
}
