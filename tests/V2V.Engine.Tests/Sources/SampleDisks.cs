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
    /// <param name="folder">Where.</param>
    /// <param name="name">Name of the descriptor.</param>
    /// <param name="capacity">Size in bytes.</param>
    /// <param name="system">A raw disk in the folder to be its contents, whatever its size; null for some noise.</param>
    public static void WriteFlat(TemporaryFolder folder, string name, long capacity = Capacity, string? system = null)
    {
        capacity = system is null ? capacity : new FileInfo(system).Length;
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
        if (system is not null)
        {
            File.Move(system, folder[flat]);
            return;
        }

        using var data = File.Create(folder[flat]);
        data.Write(Content());
        data.SetLength(capacity);
    }

    /// <summary>A disk as in an export of XenServer: blocks of 1 MiB in a folder, those of zeros left out but for the first and the last, each with a checksum beside it.</summary>
    public static void WriteBlocks(TemporaryFolder folder, string name, long capacity, string? system)
    {
        const int BlockSize = 1 << 20;
        Directory.CreateDirectory(folder[name]);
        using var disk = system is null ? Stream.Null : File.OpenRead(system);
        var last = (capacity - 1) / BlockSize;
        for (long i = 0; i <= last; i += i * BlockSize >= disk.Length && i < last ? last - i : 1)
        {
            var block = new byte[Math.Min(BlockSize, capacity - (i * BlockSize))];
            disk.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
            if (i == 0 || i == last || block.AsSpan().ContainsAnyExcept((byte)0))
            {
                File.WriteAllBytes(folder[$"{name}/{i:d8}"], block);
                File.WriteAllText(folder[$"{name}/{i:d8}.checksum"], new string('0', 40));
            }
        }
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
