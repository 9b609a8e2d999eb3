namespace V2V.PowerShell.Tests;

/// <summary>Makes descriptions of guests whose disk is empty: they can be listed, but nothing on them can be converted.</summary>
internal static class Guests
{
    public const long DiskLength = 1 << 20;

    public static string WriteVmx(string folder, string name, string? fileName = null)
    {
        var stem = fileName ?? name;
        var flat = Path.Combine(folder, $"{stem}-flat.vmdk");
        using (var disk = File.Create(flat))
        {
            disk.SetLength(DiskLength);
        }

        File.WriteAllText(Path.Combine(folder, $"{stem}.vmdk"), Vmdk(stem, DiskLength));
        var path = Path.Combine(folder, $"{stem}.vmx");
        File.WriteAllText(path, Vmx(stem, name));
        return path;
    }

    /// <summary>A guest that converts with -AsIs, in some milliseconds: its disk is on a controller that QEMU has too.</summary>
    public static string WriteSataVmx(string folder, string name)
    {
        var path = WriteVmx(folder, name);
        File.WriteAllText(path, OnSata(File.ReadAllText(path)));
        return path;
    }

    public static string OnSata(string vmx) =>
        vmx.Replace("scsi0.virtualDev = \"pvscsi\"\n", "", StringComparison.Ordinal).Replace("scsi0", "sata0", StringComparison.Ordinal);

    public static string Vmdk(string stem, long length) => $"""
        # Disk DescriptorFile
        version=1
        CID=fffffffe
        parentCID=ffffffff
        createType="monolithicFlat"
        RW {length / 512} FLAT "{stem}-flat.vmdk" 0
        ddb.adapterType = "lsilogic"

        """;

    public static string Vmx(string stem, string name) => $"""
        .encoding = "UTF-8"
        config.version = "8"
        virtualHW.version = "19"
        displayName = "{name}"
        guestOS = "debian12-64"
        numvcpus = "2"
        memsize = "3072"
        scsi0.present = "TRUE"
        scsi0.virtualDev = "pvscsi"
        scsi0:0.present = "TRUE"
        scsi0:0.fileName = "{stem}.vmdk"
        ethernet0.present = "TRUE"
        ethernet0.virtualDev = "vmxnet3"
        ethernet0.networkName = "VM Network"
        ethernet0.address = "00:50:56:aa:bb:cc"
        ethernet0.addressType = "static"

        """;

    public static string WriteRawDisk(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllBytes(path, new byte[DiskLength]);
        return path;
    }
}
