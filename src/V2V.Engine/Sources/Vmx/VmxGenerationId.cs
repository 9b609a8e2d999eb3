using System.Buffers.Binary;

namespace V2V.Engine.Sources.Vmx;

/// <summary>The VM generation id, stored as two signed numbers that are the two halves of the GUID's bytes in memory.</summary>
internal static class VmxGenerationId
{
    public static Guid? Read(VmxFile file)
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
