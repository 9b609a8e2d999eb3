using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.Tests.Guests.Phony;

/// <summary>
/// Kernel modules without code: ELF files with what depmod looks at, which are the aliases, the symbols that others may use, and the symbols
/// that are wanted of others.
/// </summary>
internal static class PhonyModule
{
    /// <summary>The drivers that recipes name, with what they serve and what they are built on where that is a module too.</summary>
    private static readonly Dictionary<string, (string[] Aliases, string[] Needs)> Known = new()
    {
        ["virtio"] = ([], []),
        ["virtio_ring"] = ([], []),
        ["virtio_pci"] = (["pci:v00001AF4d*sv*sd*bc*sc*i*"], ["virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev"]),
        ["virtio_blk"] = (["virtio:d00000002v*"], ["virtio", "virtio_ring"]),
        ["virtio_scsi"] = (["virtio:d00000008v*"], ["virtio", "virtio_ring", "scsi_mod"]),
        ["virtio_net"] = (["virtio:d00000001v*"], ["virtio", "virtio_ring", "net_failover"]),
        ["virtio_balloon"] = (["virtio:d00000005v*"], ["virtio", "virtio_ring"]),
        ["virtio_rng"] = (["virtio:d00000004v*"], ["virtio", "virtio_ring"]),
        ["net_failover"] = ([], ["failover"]),
        ["sd_mod"] = (["scsi:t-0x00*"], ["scsi_mod"]),
        ["sr_mod"] = (["scsi:t-0x05*"], ["scsi_mod", "cdrom"]),
        ["ahci"] = (["pci:v*d*sv*sd*bc01sc06i01*"], ["libahci"]),
        ["libahci"] = ([], ["libata"]),
        ["libata"] = ([], ["scsi_mod"]),
        ["ata_piix"] = (["pci:v00008086d00007010sv*sd*bc*sc*i*", "pci:v00008086d00007111sv*sd*bc*sc*i*"], ["libata"]),
        ["vmw_pvscsi"] = (["pci:v000015ADd000007C0sv*sd*bc*sc*i*"], ["scsi_mod"]),
        ["mptspi"] = (["pci:v00001000d00000030sv*sd*bc*sc*i*"], ["mptbase", "scsi_mod"]),
        ["vmxnet3"] = (["pci:v000015ADd000007B0sv*sd*bc*sc*i*"], []),
        ["e1000"] = (["pci:v00008086d0000100Fsv*sd*bc*sc*i*"], []),
        ["xfs"] = (["fs-xfs"], ["libcrc32c"]),
        ["ext4"] = (["fs-ext4"], ["jbd2", "mbcache"]),
        ["ext3"] = (["fs-ext3"], ["jbd"]),
        ["dm_mod"] = (["devname:mapper/control"], []),
    };

    /// <param name="path">The file's name ends in the module's, with any suffix of compression.</param>
    public static string Name(string path)
    {
        var file = path[(path.LastIndexOf('/') + 1)..];
        return file[..file.IndexOf(".ko", StringComparison.Ordinal)].Replace('-', '_');
    }

    /// <param name="name">The module.</param>
    /// <param name="others">Every module of the kernel; what is built in needs no file.</param>
    public static byte[] Build(string name, IReadOnlySet<string> others)
    {
        var (aliases, needs) = Known.GetValueOrDefault(name, ([], []));
        var information = string.Concat(aliases.Select(a => $"alias={a}\0").Append("license=GPL\0").Append($"name={name}\0"));
        var exports = Symbol(name) + '\0';
        string[] wanted = [.. needs.Where(others.Contains).Select(Symbol)];
        var strings = "\0" + string.Concat(wanted.Select(w => w + '\0'));
        return Elf(information, exports, Symbols(wanted, strings), strings);
    }

    private static string Symbol(string module) => $"{module}_interface";

    /// <summary>The null symbol, then undefined global ones (Elf64_Sym).</summary>
    private static byte[] Symbols(string[] wanted, string strings)
    {
        var table = new byte[24 * (wanted.Length + 1)];
        for (var i = 0; i < wanted.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(24 * (i + 1)), strings.IndexOf('\0' + wanted[i] + '\0', StringComparison.Ordinal) + 1);
            table[24 * (i + 1) + 4] = 0x10;
        }

        return table;
    }

    private static byte[] Elf(string information, string exports, byte[] symbols, string strings)
    {
        const int headerLength = 64, sectionLength = 64;
        (string Name, int Type, byte[] Content, int Link, int EntryLength)[] sections =
        [
            ("", 0, [], 0, 0),
            (".modinfo", 1, Encoding.ASCII.GetBytes(information), 0, 0),
            ("__ksymtab_strings", 1, Encoding.ASCII.GetBytes(exports), 0, 0),
            (".symtab", 2, symbols, 4, 24),
            (".strtab", 3, Encoding.ASCII.GetBytes(strings), 0, 0),
            (".shstrtab", 3, [], 0, 0),
        ];
        var names = string.Concat(sections.Select(s => s.Name + '\0'));
        sections[^1].Content = Encoding.ASCII.GetBytes(names);

        using var file = new MemoryStream();
        file.Write(new byte[headerLength]);
        var table = new byte[sectionLength * sections.Length];
        for (var i = 0; i < sections.Length; i++)
        {
            file.Write(new byte[-file.Length & 7]);
            var entry = table.AsSpan(sectionLength * i);
            BinaryPrimitives.WriteInt32LittleEndian(entry, i == 0 ? 0 : names.IndexOf(sections[i].Name + '\0', StringComparison.Ordinal));
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], sections[i].Type);
            BinaryPrimitives.WriteInt64LittleEndian(entry[24..], i == 0 ? 0 : file.Length);
            BinaryPrimitives.WriteInt64LittleEndian(entry[32..], sections[i].Content.Length);
            BinaryPrimitives.WriteInt32LittleEndian(entry[40..], sections[i].Link);
            BinaryPrimitives.WriteInt32LittleEndian(entry[44..], sections[i].Type == 2 ? 1 : 0);
            BinaryPrimitives.WriteInt64LittleEndian(entry[48..], 1);
            BinaryPrimitives.WriteInt64LittleEndian(entry[56..], sections[i].EntryLength);
            file.Write(sections[i].Content);
        }

        file.Write(new byte[-file.Length & 7]);
        var sectionsAt = file.Length;
        file.Write(table);
        var elf = file.ToArray();
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(elf);
        BinaryPrimitives.WriteInt16LittleEndian(elf.AsSpan(16), 1); // relocatable
        BinaryPrimitives.WriteInt16LittleEndian(elf.AsSpan(18), 62); // x86-64
        BinaryPrimitives.WriteInt32LittleEndian(elf.AsSpan(20), 1);
        BinaryPrimitives.WriteInt64LittleEndian(elf.AsSpan(40), sectionsAt);
        BinaryPrimitives.WriteInt16LittleEndian(elf.AsSpan(52), headerLength);
        BinaryPrimitives.WriteInt16LittleEndian(elf.AsSpan(58), sectionLength);
        BinaryPrimitives.WriteInt16LittleEndian(elf.AsSpan(60), (short)sections.Length);
        BinaryPrimitives.WriteInt16LittleEndian(elf.AsSpan(62), (short)(sections.Length - 1));
        return elf;
    }
}
