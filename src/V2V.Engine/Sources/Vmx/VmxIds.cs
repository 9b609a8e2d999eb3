using System.Buffers.Binary;

namespace V2V.Engine.Sources.Vmx;

/// <summary>The numbers by which software in a guest knows it.</summary>
internal static class VmxIds
{
    /// <summary>uuid.bios, which the firmware tells the guest: sixteen bytes in hexadecimal, "56 4d 3b 1c 02 6d 7f a8-c9 e0 14 55 2f 4b a0 e1".</summary>
    public static Guid? Firmware(VmxFile file)
    {
        var digits = file["uuid.bios"]?.Replace(" ", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
        return Guid.TryParseExact(digits, "N", out var id) ? id : null;
    }

    /// <summary>The VM generation id, stored as two signed numbers that are the two halves of the GUID's bytes in memory.</summary>
    public static Guid? Generation(VmxFile file)
    {
        if (!file.TryGetNumber("vm.genid", out var low) || !file.TryGetNumber("vm.genidX", out var high))
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, low);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], high);
        return new Guid(bytes);
    }
}
