using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

/// <summary>Arrays of objects that libvirt allocates for its caller.</summary>
internal static unsafe class LibvirtArray
{
    /// <summary>Takes over the objects and frees the array.</summary>
    public static IReadOnlyList<THandle> Take<THandle>(nint* array, int count)
        where THandle : LibvirtHandle, new()
    {
        var handles = new THandle[count];
        for (var i = 0; i < count; i++)
        {
            handles[i] = new THandle();
            Marshal.InitHandle(handles[i], array[i]);
        }

        // As for LibvirtString.Take.
        if (!OperatingSystem.IsWindows())
        {
            NativeMemory.Free(array);
        }

        return handles;
    }
}
