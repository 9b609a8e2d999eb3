using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>A step for every Linux guest, unless it says otherwise.</summary>
public abstract class LinuxStep : ConversionStep
{
    public override bool AppliesTo(InspectedGuest guest) => guest.OperatingSystem.Family == OperatingSystemFamily.Linux;
}
