namespace V2V.Engine.FileSystems.Ntfs.Log;

/// <summary>What <see cref="NtfsLog.Inspect"/> found, in words for the one who must do something about it.</summary>
/// <param name="State">Whether the volume may be changed.</param>
/// <param name="Found">What of the log says so.</param>
internal sealed record NtfsLogVerdict(NtfsLogState State, string Found)
{
    private const string ShutDownAdvice =
        "Start the source guest, shut it down with \"shutdown /s /t 0\" (a shutdown from the menu may only hibernate it), and try again.";

    /// <summary>Changes are safe: nothing that Windows would write back later contradicts them.</summary>
    public bool IsClean => State is NtfsLogState.Clean or NtfsLogState.Empty;

    public string Advice => State switch
    {
        NtfsLogState.KeptOpen => "Start the source guest, switch fast startup off with \"powercfg /h off\", "
            + "shut it down with \"shutdown /s /t 0\", and try again.",
        NtfsLogState.Damaged => "Start the source guest, run \"chkdsk /f\" on the volume, shut it down with \"shutdown /s /t 0\", and try again.",
        _ => ShutDownAdvice,
    };

    /// <exception cref="GuestFileSystemException">The volume must not be changed.</exception>
    public void ThrowUnlessClean()
    {
        switch (State)
        {
            case NtfsLogState.Clean or NtfsLogState.Empty:
                return;
            case NtfsLogState.InUse:
                throw NtfsErrors.NotClean($"The NTFS volume was not shut down cleanly, and its log holds changes that are not on it: {Found}.", Advice);
            case NtfsLogState.KeptOpen:
                throw NtfsErrors.NotClean(
                    $"Windows has the NTFS volume open still, after fast startup, hibernation or a power cut, and keeps a part of it in memory: {Found}.", Advice);
            case NtfsLogState.UnknownVersion:
                throw NtfsErrors.Unsupported($"The log of the NTFS volume has a format that is not known: {Found}.", Advice);
            default:
                throw NtfsErrors.NotClean($"The log of the NTFS volume is damaged, so that nothing tells whether the volume is whole: {Found}.", Advice);
        }
    }
}
