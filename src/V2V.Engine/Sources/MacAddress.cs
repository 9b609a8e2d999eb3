using System.Diagnostics.CodeAnalysis;
using System.Net.NetworkInformation;
using System.Security.Cryptography;

namespace V2V.Engine.Sources;

/// <summary>MAC addresses as descriptors write them, in the one spelling that libvirt uses.</summary>
internal static class MacAddress
{
    /// <param name="text">Six bytes in hexadecimal, with colons, dashes or nothing between.</param>
    /// <param name="address">Lower-case with colons.</param>
    /// <returns>False for anything else, and for the addresses of zeros that stand for "none yet" and group addresses.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out string? address)
    {
        address = null;
        if (!PhysicalAddress.TryParse(text.Trim().Replace(':', '-').ToUpperInvariant(), out var parsed))
        {
            return false;
        }

        var bytes = parsed.GetAddressBytes();
        if (bytes.Length != 6 || (bytes[0] & 1) != 0 || bytes.AsSpan().IndexOfAnyExcept((byte)0) < 0)
        {
            return false;
        }

        address = string.Join(':', bytes.Select(b => b.ToString("x2")));
        return true;
    }

    /// <summary>The address of an adapter; null when there is none, or one that makes no sense, which is said.</summary>
    /// <param name="text">As the descriptor has it; null when it has none.</param>
    /// <param name="adapter">What messages call the adapter.</param>
    /// <param name="concerns">Takes what there is to say.</param>
    public static string? Read(string? text, string? adapter, List<Concern> concerns)
    {
        if (text is null)
        {
            return null;
        }

        if (TryParse(text, out var address))
        {
            return address;
        }

        concerns.Add(new Concern(
            ConcernSeverity.Warning, "MacAddressIgnored", $"{adapter} has the MAC address \"{text}\", which is none.",
            "The converted guest's adapter gets a new one."));
        return null;
    }

    /// <summary>A random address in QEMU's and libvirt's own range, 52:54:00, for an adapter whose source does not tell its own.</summary>
    public static string Random()
    {
        var tail = RandomNumberGenerator.GetBytes(3);
        return $"52:54:00:{tail[0]:x2}:{tail[1]:x2}:{tail[2]:x2}";
    }
}
