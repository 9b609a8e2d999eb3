using System.Buffers.Binary;
using V2V.Engine.Registry;

namespace V2V.Engine.Inspection.Windows;

/// <summary>What Windows keeps in the hardware clock: local time, unless RealTimeIsUniversal says otherwise.</summary>
internal static class WindowsClock
{
    /// <summary>Whether the clock keeps local time, and a concern where the value is of a kind that Windows does not know.</summary>
    public static (bool IsLocalTime, Concern? Concern) Read(RegistryHive system, string controlSet)
    {
        var value = system.Find($@"{controlSet}\Control\TimeZoneInformation")?.FindValue("RealTimeIsUniversal");
        return value switch
        {
            null or { Kind: RegistryValueKind.None } => (true, null),
            { Kind: RegistryValueKind.UInt32, Data.Length: 4 } => (BinaryPrimitives.ReadUInt32LittleEndian(value.Data.Span) != 1, null),
            { Kind: RegistryValueKind.UInt64, Data.Length: 8 } => (BinaryPrimitives.ReadUInt64LittleEndian(value.Data.Span) != 1, null),
            _ => (false, new Concern(
                ConcernSeverity.Warning, "ClockSettingUnknown",
                $"RealTimeIsUniversal is of type {value.Kind} with {value.Data.Length} bytes in the guest's registry, where Windows has a DWORD or a QWORD. The clock is taken to keep UTC.",
                "Look at the guest's time after the first start.")),
        };
    }
}
