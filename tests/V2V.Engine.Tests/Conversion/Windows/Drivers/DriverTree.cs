using System.Buffers.Binary;
using System.Text;
using V2V.Engine.Conversion.Windows.Drivers;

namespace V2V.Engine.Tests.Conversion.Windows.Drivers;

/// <summary>A folder with drivers that hold no code, laid out as virtio-win's. Deleted when disposed.</summary>
internal sealed class DriverTree : IDisposable
{
    private static readonly Dictionary<string, ushort> s_machines = new() { ["x86"] = 0x14C, ["amd64"] = 0x8664, ["ARM64"] = 0xAA64 };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("v2v-drivers-");

    internal DriverTree() => Directory.CreateDirectory(Root);

    internal string Folder => _folder.FullName;

    internal string Root => Path.Combine(Folder, "tree");

    internal static DriverTarget Windows10 { get; } = new("Windows 10 Pro (x86_64)", "x86_64", 10, 0, 19045, IsServer: false, "Windows 10 Pro");

    internal static DriverTarget Server2022 { get; } =
        new("Windows Server 2022 Standard (x86_64)", "x86_64", 10, 0, 20348, IsServer: true, "Windows Server 2022 Standard");

    internal static DriverTarget Windows7X86 { get; } = new("Windows 7 Ultimate (i686)", "i686", 6, 1, 7601, IsServer: false, "Windows 7 Ultimate");

    public void Dispose() => _folder.Delete(recursive: true);

    internal string At(string path) => Path.Combine(Root, path);

    internal void Write(string path, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllBytes(At(path), content);
    }

    internal void Write(string path, string content) => Write(path, Encoding.Latin1.GetBytes(content));

    /// <summary>A driver with everything that it needs: INF file, catalogue, program, symbols.</summary>
    /// <param name="directory">"viostor/w10/amd64".</param>
    /// <param name="name">"viostor".</param>
    /// <param name="architecture">"amd64", "x86", "ARM64".</param>
    /// <param name="deviceClass">Its class.</param>
    /// <param name="decoration">What follows NT and the architecture.</param>
    internal void Add(string directory, string name, string architecture, string deviceClass = "SCSIAdapter", string decoration = "")
    {
        Write($"{directory}/{name}.inf", Inf(name, $"NT{architecture}{decoration}", deviceClass));
        Write($"{directory}/{name}.cat", "catalogue");
        Write($"{directory}/{name}.sys", Program(architecture));
        Write($"{directory}/{name}.pdb", "symbols");
    }

    /// <summary>The headers of a PE image for an architecture.</summary>
    internal static byte[] Program(string architecture)
    {
        const int Header = 0x80;
        var image = new byte[1024];
        "MZ"u8.CopyTo(image);
        image[0x3C] = Header;
        "PE\0\0"u8.CopyTo(image.AsSpan(Header));
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(Header + 4), s_machines[architecture]);
        return image;
    }

    internal static string Inf(string name, string decoration, string deviceClass = "SCSIAdapter") => $"""
        ; a driver for tests
        [Version]
        Signature   = "$WINDOWS NT$" ; in any case
        Class       = {deviceClass}
        ClassGUID   = {"{4D36E97B-E325-11CE-BFC1-08002BE10318}"}
        Provider    = %VENDOR%
        DriverVer   = 06/14/2023,100.93.104.24000
        CatalogFile = {name}.cat

        [SourceDisksFiles]
        {name}.sys = 1,,

        [Manufacturer]
        %VENDOR% = Models,{decoration}

        [Models.{decoration}]
        %Desc% = Install, PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00, PCI\ven_1af4&dev_1001

        [Install]
        CopyFiles = Files

        [Files]
        {name}.sys,,,2

        [Install.Services]
        AddService = {name}, %FUNCTION%, Service, EventLog

        [Service]
        DisplayName    = %Desc%
        ServiceType    = %KERNEL%
        StartType      = 0x0
        ErrorControl   = 1
        ServiceBinary  = %12%\{name}.sys
        LoadOrderGroup = SCSI miniport

        [Strings]
        Vendor = "Red Hat, Inc."
        Desc = "Red Hat VirtIO ""SCSI"" controller; 100%%"
        FUNCTION = 0x00000002
        Kernel = 1
        """.Replace("\n", "\r\n", StringComparison.Ordinal);
}
