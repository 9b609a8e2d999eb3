namespace V2V.Engine.FileSystems.Ntfs.Log;

/// <summary>What $LogFile tells of the volume.</summary>
internal enum NtfsLogState
{
    /// <summary>Every change that the log holds is on the volume.</summary>
    Clean,

    /// <summary>Nothing but 0xFF: a formatter or another driver has reset it.</summary>
    Empty,

    /// <summary>The volume was in use when it was last seen, and the log holds changes that are not on it.</summary>
    InUse,

    /// <summary>A Windows 8 or later has the volume open and has kept parts of it in memory or in its hibernation file.</summary>
    KeptOpen,

    /// <summary>Its restart pages are of a version that is not known.</summary>
    UnknownVersion,

    /// <summary>It has no valid restart page.</summary>
    Damaged,
}
