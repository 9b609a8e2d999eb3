using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Software;

/// <summary>Says which packages a guest has to be given so that it can do something, and where their files are.</summary>
public abstract record GuestSoftware
{
    /// <summary>What a guest needs for a capability, in the order of installation; nothing when what it has will do.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="capability">"virtio".</param>
    /// <exception cref="ProfileException">
    /// Nothing is known of such a guest (<see cref="V2VError.SoftwareNotFound"/>), or what is known is malformed.
    /// </exception>
    public abstract ResolvedSoftware Resolve(InspectedGuest guest, string capability);

    /// <summary>The directory of virtio drivers for a Windows guest, which need not exist; null when none is named for it.</summary>
    /// <exception cref="ProfileException">The entry for the guest is malformed.</exception>
    public abstract SoftwarePackage? FindDrivers(InspectedGuest guest);
}
