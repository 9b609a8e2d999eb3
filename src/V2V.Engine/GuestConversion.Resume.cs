using V2V.Engine.Targets;
using V2V.Engine.Targets.Journal;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine;

/// <content>What runs that were cut off have left: it is removed, or gone on with.</content>
public sealed partial class GuestConversion
{
    /// <summary>The run of this guest whose copy is to be taken up.</summary>
    private DeadCopy? _dead;

    /// <summary>What this run leaves for one that goes on with it.</summary>
    private Concern? _kept;

    /// <summary>Where earlier runs have left their journals; null for the user's folder.</summary>
    internal string? Journals { get; init; }

    private void CleanUp(ConversionTarget target)
    {
        if (!options.Resume)
        {
            _concerns.AddRange(DeadRuns.CleanUp(Journals));
            return;
        }

        _dead = DeadRuns.Find(_name, target.Description, _concerns, Journals);
        if (!target.CanResume)
        {
            StartAnew(
                $"Into {target.Description} disks are written by way of libvirt, or not kept: a copy into it always starts from the beginning.",
                "Convert into a folder or a pool of files on this host to be able to go on with a copy that was cut off.");
        }
        else if (Compression != ImageCompression.None)
        {
            StartAnew("A compressed image is always written from the beginning.", "Convert without -Compression to be able to go on with a copy that was cut off.");
        }
    }

    /// <summary>Looks, before anything is taken over, whether the copy would be of the same guest.</summary>
    private void CheckResumable(OpenedGuest opened, IReadOnlyList<TargetDiskRequest> requests)
    {
        if (!options.Resume)
        {
            return;
        }

        foreach (var disk in opened.Disks.Index().Where(d => d.Item.Version is null))
        {
            _concerns.Add(new Concern(
                ConcernSeverity.Information, "NotResumable",
                $"{source.Disks[disk.Index].Path} does not tell whether it has changed, so that a copy of it always starts from the beginning.",
                "Files of this host, of web servers that give an entity tag or a date, and of SSH hosts tell it."));
        }

        if (_dead?.WhyNot([.. requests.Zip(opened.Disks, (request, disk) => (request, disk.Version))]) is { } why)
        {
            Abandon(_dead);
            _concerns.Add(new Concern(
                ConcernSeverity.Warning, "NotResumed", $"The copy that was cut off is not gone on with, because {why}. It was removed, and the copy starts from the beginning."));
        }
    }

    /// <summary>
    /// The copy has failed or was stopped. Whoever wants to go on with a copy that was cut off wants it also then: it is left as the end of the process would
    /// leave it. Disks that are not what was written to them are nothing to go on with.
    /// </summary>
    private void KeepCopy(ConversionTarget target, CopyCheckpoints checkpoints, Exception failure)
    {
        if (options.Resume && (checkpoints.HasBegun || _dead is not null) && failure is not V2VException { Error: V2VError.TargetDiffers })
        {
            target.KeepCopy();
            _kept = new Concern(
                ConcernSeverity.Information, "CopyKept", $"What was copied is kept in {target.Description}, in files named {PendingFile.TemporarySuffix}.",
                "Give the same command again to go on with it; a conversion without -Resume removes it.");
        }
    }

    private void StartAnew(string why, string advice)
    {
        if (_dead is not null)
        {
            Abandon(_dead);
        }

        _concerns.Add(new Concern(ConcernSeverity.Information, "NotResumable", why, advice));
    }

    private void Abandon(DeadCopy dead)
    {
        _dead = null;
        _concerns.AddRange(dead.Remove());
    }
}
