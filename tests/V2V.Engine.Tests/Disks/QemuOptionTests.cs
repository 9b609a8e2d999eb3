using System.Text.Json;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks;

/// <summary>
/// Every option that "qemu-img create -f FORMAT -o help" lists for formats of guests' disks, in images that were written, zeroed and trimmed
/// in place, judged by QEMU byte for byte and by its map of them.
/// </summary>
public sealed class QemuOptionTests : IDisposable
{
    private const string Size = "9438720"; // 9 MiB and 3 sectors: no multiple of any cluster or block

    /// <summary>Across the borders of clusters of all sizes, zeros over data, data into zeros, trimmed runs, and the last sector.</summary>
    private static readonly string[] s_writes =
    [
        "write -P 0x11 0 4k",
        "write -P 0x12 65024 1024",
        "write -P 0x13 1048064 1M",
        "write -P 0x14 4194816 200k",
        "write -z 1572864 256k",
        "write -z 6M 512k",
        "write -P 0x15 6400k 1536",
        "discard 4259840 65536",
        "write -P 0x16 4300288 512",
        "discard 0 512",
        "write -P 0x17 9438208 512",
    ];

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Create(string format, string options, string name = "image", string size = Size)
    {
        QemuImg.Require();
        QemuImg.Run(["create", "-f", format, .. options.Length > 0 ? new[] { "-o", options.Replace("{folder}", _folder.Path, StringComparison.Ordinal) } : [], _folder[name], size]);
        return _folder[name];
    }

    private static void Write(string format, string image, params string[] commands) =>
        ExternalTool.Check("qemu-io", ["-d", "unmap", "-f", format, .. commands.SelectMany(c => new[] { "-c", c }), image]);

    [Theory]
    [InlineData("raw", "")]
    [InlineData("raw", "preallocation=falloc")]
    [InlineData("raw", "preallocation=full")]
    [InlineData("vmdk", "")]
    [InlineData("vmdk", "adapter_type=buslogic,hwversion=4")]
    [InlineData("vmdk", "adapter_type=lsilogic,hwversion=21,toolsversion=2147483647")]
    [InlineData("vmdk", "adapter_type=legacyESX")]
    [InlineData("vmdk", "compat6=on")]
    [InlineData("vmdk", "zeroed_grain=on")]
    [InlineData("vmdk", "subformat=monolithicFlat")]
    [InlineData("vmdk", "subformat=twoGbMaxExtentSparse")]
    [InlineData("vmdk", "subformat=twoGbMaxExtentSparse,zeroed_grain=on")]
    [InlineData("vmdk", "subformat=twoGbMaxExtentFlat")]
    [InlineData("qcow2", "compat=0.10")]
    [InlineData("qcow2", "compat=0.10,cluster_size=512")]
    [InlineData("qcow2", "cluster_size=512")]
    [InlineData("qcow2", "cluster_size=1k,refcount_bits=1")]
    [InlineData("qcow2", "cluster_size=4k,refcount_bits=2")]
    [InlineData("qcow2", "cluster_size=16k,refcount_bits=4")]
    [InlineData("qcow2", "cluster_size=64k,refcount_bits=8")]
    [InlineData("qcow2", "cluster_size=256k,refcount_bits=32")]
    [InlineData("qcow2", "cluster_size=1M,refcount_bits=64")]
    [InlineData("qcow2", "cluster_size=2M,lazy_refcounts=on")]
    [InlineData("qcow2", "preallocation=metadata")]
    [InlineData("qcow2", "preallocation=falloc")]
    [InlineData("qcow2", "preallocation=full")]
    [InlineData("qcow2", "extended_l2=on")]
    [InlineData("qcow2", "extended_l2=on,cluster_size=16k")]
    [InlineData("qcow2", "extended_l2=on,cluster_size=2M,preallocation=metadata")]
    [InlineData("qcow2", "compression_type=zstd,cluster_size=32k")]
    [InlineData("qcow2", "data_file={folder}/data.img")]
    [InlineData("qcow2", "data_file={folder}/data.img,data_file_raw=on,cluster_size=4k")]
    [InlineData("qcow2", "data_file={folder}/data.img,extended_l2=on")]
    [InlineData("qcow", "")]
    [InlineData("qed", "")]
    [InlineData("qed", "cluster_size=4k,table_size=2")]
    [InlineData("qed", "cluster_size=1M,table_size=16")]
    [InlineData("vpc", "")]
    [InlineData("vpc", "force_size=on")]
    [InlineData("vpc", "subformat=fixed")]
    [InlineData("vpc", "subformat=fixed,force_size=on")]
    [InlineData("vpc", "subformat=fixed,preallocation=falloc")]
    [InlineData("vhdx", "")]
    [InlineData("vhdx", "block_size=1M,log_size=1M")]
    [InlineData("vhdx", "block_size=2M,log_size=3M")]
    [InlineData("vhdx", "block_size=256M")]
    [InlineData("vhdx", "subformat=fixed,block_size=4M")]
    [InlineData("vhdx", "block_state_zero=off")]
    [InlineData("vdi", "")]
    [InlineData("vdi", "static=on")]
    [InlineData("vdi", "static=on,preallocation=falloc")]
    [InlineData("parallels", "")]
    [InlineData("parallels", "cluster_size=64k")]
    [InlineData("parallels", "cluster_size=4M")]
    public void An_image_written_in_place_reads_and_maps_as_under_QEMU(string format, string options)
    {
        string image = Create(format, options);
        long size = VirtualSize(format, image);
        Write(format, image, s_writes);
        QemuMap.Agrees(_folder, format, image);
        DiskImageInfo info = DiskImages.Inspect(image);
        Assert.Equal(format == "vpc" ? "vhd" : format, info.Format);
        Assert.Equal(size, info.Capacity);
        if (Info(format, image).TryGetProperty("cluster-size", out JsonElement cluster) && info.Detail.Contains("bytes", StringComparison.Ordinal))
        {
            Assert.Contains($"s of {cluster.GetInt64()} bytes", info.Detail, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("qcow2", "compat=0.10,cluster_size=512")]
    [InlineData("qcow2", "compression_type=zlib,cluster_size=4k")]
    [InlineData("qcow2", "compression_type=zstd,cluster_size=1M")]
    [InlineData("qcow2", "compression_type=zstd,extended_l2=on")]
    [InlineData("vmdk", "subformat=streamOptimized")]
    [InlineData("vmdk", "subformat=streamOptimized,compat6=on,zeroed_grain=on")]
    public void A_compressed_image_reads_and_maps_as_under_QEMU(string format, string options)
    {
        string plain = Create("qcow2", "", "plain");
        Write("qcow2", plain, s_writes);
        string image = _folder["image"];
        QemuImg.Run(["convert", "-c", "-f", "qcow2", "-O", format, .. options.Length > 0 ? new[] { "-o", options } : [], plain, image]);
        if (format != "vmdk")
        {
            // Plain clusters over compressed ones, and compressed ones beside them.
            Write(format, image, "write -P 0x21 4224000 2048", "write -c -P 0x22 8M 1M", "discard 1M 64k");
        }

        QemuMap.Agrees(_folder, format, image);
    }

    /// <summary>"qemu-img convert -c" fails for qcow (QEMU 7.2), writing one cluster of 4 KiB compressed does not.</summary>
    [Fact]
    public void A_qcow_image_with_compressed_clusters_reads_and_maps_as_under_QEMU()
    {
        string image = Create("qcow", "");
        Write("qcow", image, s_writes);
        Write("qcow", image, "write -c -P 1 4k 4k", "write -c -P 2 64k 4k", "write -c -P 3 68k 4k", "write -c -P 4 8M 4k", "write -P 5 69k 512");
        QemuMap.Agrees(_folder, "qcow", image);
    }

    /// <summary>Formats and options from the base to the top, with a size for each: overlays shorter and longer than what they build upon.</summary>
    [Theory]
    [InlineData("raw:", "qcow2:", "qcow2:cluster_size=4k", "9438720,8M,12M")]
    [InlineData("raw:", "qcow2:compat=0.10,cluster_size=2M", "qcow2:extended_l2=on", "9438720,12M,9438720")]
    [InlineData("vmdk:", "qcow2:cluster_size=512", "qcow2:cluster_size=2M", "9438720,9438720,9M")]
    [InlineData("vmdk:subformat=monolithicFlat", "qcow2:extended_l2=on,cluster_size=2M", "qcow2:compat=0.10,cluster_size=1k", "9438720,10M,11M")]
    [InlineData("vmdk:", "vmdk:zeroed_grain=on", "vmdk:", "9M,9M,9M")]
    [InlineData("vpc:force_size=on", "qcow2:", "qcow2:data_file={folder}/data.img", "9438720,10M,10M")]
    [InlineData("vhdx:", "qcow2:", "qed:cluster_size=16k", "9M,10M,11M")]
    [InlineData("vdi:", "qed:", "qcow2:", "9438720,9M,11M")]
    [InlineData("parallels:", "qcow2:cluster_size=64k", "qcow:", "9438720,9438720,12M")]
    [InlineData("qcow:", "qcow:", "qcow:", "9438720,12M,10M")]
    [InlineData("raw:", "qed:", "qed:cluster_size=4k,table_size=2", "9438720,8M,12M")]
    public void A_chain_of_three_reads_and_maps_as_under_QEMU(string below, string middle, string top, string sizes)
    {
        string[] levels = [below, middle, top];
        string? backing = null;
        for (int i = 0; i < levels.Length; i++)
        {
            string[] words = levels[i].Split(':');
            string format = words[0];
            // Formats that do not keep their backing file's format believe its name.
            string image = _folder[$"level{i}.{(format == "vpc" ? "vhd" : format)}"];
            string[] options = words[1].Length > 0 ? ["-o", words[1].Replace("{folder}", _folder.Path, StringComparison.Ordinal)] : [];
            string[] on = backing is null ? [] : ["-b", backing, "-F", levels[i - 1].Split(':')[0]];
            QemuImg.Require();
            QemuImg.Run(["create", "-f", format, .. options, .. on, image, sizes.Split(',')[i]]);
            long size = VirtualSize(format, image);
            Write(format, image,
            [
                $"write -P {0x31 + i} {i * 100 << 10} 300k",
                $"write -P {0x41 + i} {size - ((3 - i) << 19)} {256 << 10}",
                $"write -z {(1 << 20) + (i << 19)} 192k",
                .. i == 0 ? (string[])["write -P 0x51 2M 4M"] : ["discard 2M 1M", "discard 3342336 65536", "write -P 0x52 3500k 1k"],
                $"write -P {0x61 + i} {(4 << 20) + (i * 70_144)} 512",
            ]);
            backing = image;
        }

        QemuMap.Agrees(_folder, top.Split(':')[0], backing!);
        Assert.True(DiskImages.Inspect(backing!).Allocated > 4 << 20, "the images below are not counted");
    }

    [Theory]
    [InlineData("qcow2")]
    [InlineData("qcow")]
    public void An_encrypted_image_is_refused_by_name(string format)
    {
        QemuImg.Require();
        string[] encryption = format == "qcow2" ? ["-o", "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10"] : ["-o", "encrypt.format=aes,encrypt.key-secret=s"];
        string[] create = ["create", "--object", "secret,id=s,data=abcdefgh", "-f", format, .. encryption, _folder["image"], "1M"];
        // For LUKS QEMU measures the processor's speed, and gives up where the machine is too busy.
        Assert.SkipUnless(Enumerable.Range(0, 10).Any(_ => ExternalTool.Run("qemu-img", create).ExitCode == 0), "qemu-img makes no encrypted image");
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["image"]));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.Contains(format == "qcow2" ? "LUKS" : "AES", e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Advice);
    }

    private static long VirtualSize(string format, string image) => Info(format, image).GetProperty("virtual-size").GetInt64();

    private static JsonElement Info(string format, string image)
    {
        using var info = JsonDocument.Parse(QemuImg.Run("info", "--output=json", "-f", format, image));
        return info.RootElement.Clone();
    }
}
