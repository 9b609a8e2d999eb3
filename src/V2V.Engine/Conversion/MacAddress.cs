using System.Security.Cryptography;

namespace V2V.Engine.Conversion;

/// <summary>Addresses for adapters whose source does not tell theirs (an OVF never does).</summary>
internal static class MacAddress
{
    /// <summary>A random address in QEMU's and libvirt's own range, 52:54:00.</summary>
    public static string Random()
    {
        var tail = RandomNumberGenerator.GetBytes(3);
        return $"52:54:00:{tail[0]:x2}:{tail[1]:x2}:{tail[2]:x2}";
    }
}
