using System.Runtime.InteropServices;
using System.Text;

namespace V2V.Engine.Native.Libvirt;

/// <summary>Strings that libvirt allocates for its caller.</summary>
internal static unsafe class LibvirtString
{
    /// <summary>Copies and frees the string; null for NULL.</summary>
    public static string? Take(nint text)
    {
        if (text == 0)
        {
            return null;
        }

        var copy = Marshal.PtrToStringUTF8(text);
        if (!OperatingSystem.IsWindows())
        {
            // The caller frees with free(), which is what this calls. On Windows the library may have another C runtime, whose free() cannot be
            // reached: the few kilobytes are lost.
            NativeMemory.Free((void*)text);
        }

        return copy;
    }

    /// <summary>A copy that libvirt frees.</summary>
    public static nint Give(string text, out uint length)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        length = (uint)bytes.Length;
        var copy = (byte*)NativeMemory.Alloc((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        copy[bytes.Length] = 0;
        return (nint)copy;
    }
}
