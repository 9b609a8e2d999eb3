using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

/// <summary>The libvirt client library. Each of its functions that is used has a file here: the import, and a wrapper that checks the result.</summary>
internal static unsafe class LibvirtLibrary
{
    public const string Name = "libvirt";

    private static readonly string[] FileNames =
        OperatingSystem.IsWindows() ? ["libvirt-0.dll", "libvirt.dll"]
        : OperatingSystem.IsMacOS() ? ["libvirt.0.dylib", "/opt/homebrew/lib/libvirt.0.dylib", "/usr/local/lib/libvirt.0.dylib"]
        : ["libvirt.so.0"];

    private static readonly Lazy<bool> Initialised = new(Initialise);

    /// <summary>Loads the library and keeps it from printing errors to the console, which it does by default.</summary>
    /// <exception cref="LibvirtException">The library is not installed.</exception>
    public static void EnsureLoaded() => _ = Initialised.Value;

    private static bool Initialise()
    {
        var assembly = typeof(LibvirtLibrary).Assembly;
        NativeLibrary.SetDllImportResolver(assembly, Resolve);
        if (Resolve(Name, assembly, null) == 0)
        {
            throw new LibvirtException(V2VError.LibvirtUnavailable, $"The libvirt client library ({FileNames[0]}) is not installed or cannot be loaded.")
            {
                Path = FileNames[0],
                Advice = OperatingSystem.IsLinux()
                    ? "Install the package libvirt0 (Debian, Ubuntu), libvirt-libs (Fedora, RHEL) or libvirt-client (SUSE), or convert into a folder."
                    : "Install libvirt, or convert into a folder and define the domain on the KVM host.",
            };
        }

        VirSetErrorFunc.Call(&Ignore);
        return true;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name == Name)
        {
            foreach (var file in FileNames)
            {
                if (NativeLibrary.TryLoad(file, assembly, searchPath, out var handle))
                {
                    return handle;
                }
            }
        }

        return 0;
    }

    /// <summary>Errors are read with virGetLastError after each call that failed; nothing has to be done as they happen.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Ignore(nint userData, nint error)
    {
    }
}
