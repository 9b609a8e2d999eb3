using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion;

/// <summary>One thing that has to change in a guest so that it runs on KVM. One step a file, listed in order in <see cref="ConversionSteps"/>.</summary>
public abstract class ConversionStep
{
    /// <summary>What the progress display says while it runs: "Adding virtio drivers to the initramfs".</summary>
    public abstract string Name { get; }

    public abstract bool AppliesTo(InspectedGuest guest);

    /// <summary>Makes the change through <see cref="ConversionContext.Files"/>, so that it is recorded.</summary>
    /// <exception cref="V2VException">The step could not do its work and the guest would not boot; the conversion ends.</exception>
    public abstract void Apply(ConversionContext context);
}
