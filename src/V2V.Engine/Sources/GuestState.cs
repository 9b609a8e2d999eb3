namespace V2V.Engine.Sources;

/// <summary>What a source guest was doing when it was described.</summary>
public enum GuestState
{
    /// <summary>The description does not tell.</summary>
    Unknown,
    ShutOff,
    Running,
    /// <summary>Stopped, with its memory and everything that it had not written yet in the hypervisor.</summary>
    Paused,
    /// <summary>Its memory is saved, to go on from there.</summary>
    Suspended,
}
