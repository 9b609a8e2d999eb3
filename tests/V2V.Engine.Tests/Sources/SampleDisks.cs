using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.Tests.Targets.Images;

namespace V2V.Engine.Tests.Sources;

/// <summary>Small images for descriptors to name.</summary>
internal static class SampleDisks
{
    public const int Capacity = 8 << 20;

    /// <summary>A disk as in a datastore: a descriptor, and its contents beside it.</summary>
    public static void WriteFlat(TemporaryFolder folder, string name, long capacity = Capacity)
    {
        var flat = Path.GetFileNameWithoutExtension(name) + "-flat.vmdk";
        File.WriteAllText(folder[name], $"""
            # Disk DescriptorFile
            version=1
            CID=1a2b3c4d
            parentCID=ffffffff
            createType="vmfs"

            # Extent description
            RW {capacity / 512} VMFS "{flat}"

            # The Disk Data Base
            #DDB

            ddb.adapterType = "lsilogic"

            """);
        using var data = File.Create(folder[flat]);
        data.Write(Content());
        data.SetLength(capacity);
    }

    /// <summary>The disk of a snapshot on ESX, with nothing written since: a descriptor, and a COWD extent beside it.</summary>
    public static void WriteDelta(TemporaryFolder folder, string name, string parent)
    {
        var below = File.ReadAllText(folder[parent]);
        var sectors = int.Parse(Regex.Match(below, "^RW ([0-9]+) ", RegexOptions.Multiline).Groups[1].Value, CultureInfo.InvariantCulture);
        var id = Regex.Match(below, "^CID=(.*)$", RegexOptions.Multiline).Groups[1].Value;
        var extent = Path.GetFileNameWithoutExtension(name) + "-delta.vmdk";
        File.WriteAllText(folder[name], $"""
            # Disk DescriptorFile
            version=1
            CID={(name + id).Aggregate(17u, (hash, c) => (hash * 31) + c):x8}
            parentCID={id}
            createType="vmfsSparse"
            parentFileNameHint="{parent}"

            # Extent description
            RW {sectors} VMFSSPARSE "{extent}"

            """);
        const int GrainSectors = 1;
        var tables = ((sectors / GrainSectors) + 4095) / 4096;
        var content = new byte[(4 * 512) + ((tables + 127) / 128 * 512)];
        "COWD"u8.CopyTo(content);
        int[] fields = [1, 3, sectors, GrainSectors, 4, tables];
        for (var i = 0; i < fields.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(4 + (4 * i)), fields[i]);
        }

        File.WriteAllBytes(folder[extent], content);
    }

    /// <summary>A stream-optimized VMDK, as in OVF packages, by QEMU.</summary>
    public static void WriteStreamOptimized(TemporaryFolder folder, string name)
    {
        var raw = folder[name + ".raw"];
        using (var data = File.Create(raw))
        {
            data.Write(Content());
            data.SetLength(Capacity);
        }

        ExternalTool.Check("qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, folder[name]);
        File.Delete(raw);
    }

    /// <summary>What the disks begin with.</summary>
    public static byte[] Content()
    {
        var content = new byte[70_000];
        new Random(42).NextBytes(content);
        return content;
    }
}
