using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows;

/// <summary>A step for every Windows guest, unless it says otherwise.</summary>
public abstract class WindowsStep : ConversionStep
{
    public override bool AppliesTo(InspectedGuest guest) => guest.OperatingSystem.Family == OperatingSystemFamily.Windows && guest.Windows is not null;

    public sealed override void Apply(ConversionContext context) => Apply(context, context.Windows);

    /// <summary>Makes the change through <see cref="ConversionContext.Files"/> and <see cref="ConversionContext.Registry"/>, so that it is recorded.</summary>
    /// <exception cref="V2VException">The step could not do its work and the guest would not boot; the conversion ends.</exception>
    protected abstract void Apply(ConversionContext context, WindowsSystem windows);
}
