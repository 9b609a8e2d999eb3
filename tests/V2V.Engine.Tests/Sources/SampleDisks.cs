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
