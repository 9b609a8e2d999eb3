using System.Globalization;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>Compares the numbers at the start of a kernel's version: "5.14.0-427.el9.x86_64" is at least 5.14.</summary>
internal static class KernelVersion
{
    public static bool IsAtLeast(string version, int major, int minor)
    {
        var numbers = version.Split('.', 3);
        int Number(int index) => index < numbers.Length
            && int.TryParse(string.Concat(numbers[index].TakeWhile(char.IsAsciiDigit)), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0;
        return (Number(0), Number(1)).CompareTo((major, minor)) >= 0;
    }
}
