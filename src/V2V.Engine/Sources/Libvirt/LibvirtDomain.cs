using System.Text;
using System.Xml.Linq;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Sources.LibvirtXml;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>One domain of a connection.</summary>
/// <param name="connection">The connection.</param>
/// <param name="storage">Where its disks are looked for, from what messages call the domain and its description.</param>
/// <param name="name">The domain's name.</param>
/// <param name="uuid">Its UUID.</param>
/// <param name="cancellation">Gives up.</param>
internal sealed class LibvirtDomain(
    LibvirtConnection connection, Func<string, XElement, LibvirtXmlStorage> storage, string name, Guid uuid, CancellationToken cancellation)
{
    private const string Kind = "Libvirt";

    private readonly string _path = $"{connection.Uri.Text}!{name}";

    /// <summary>The guest, with what stands against its conversion; null when the domain went away since it was listed.</summary>
    public SourceGuest? Read()
    {
        try
        {
            return connection.Call(Ask, cancellation) is { } found ? Describe(found) : null;
        }
        catch (LibvirtException e) when (connection.IsAlive)
        {
            return Undescribed(e, GuestState.Unknown);
        }
    }

    private Answer? Ask(ConnectHandle connect)
    {
        using var domain = VirDomainLookupByUUIDString.Call(connect, uuid, name);
        if (domain is null)
        {
            return null;
        }

        var state = VirDomainGetState.Call(domain, name);
        return new Answer(
            VirDomainGetXMLDesc.Call(domain, name, withSecrets: false),
            state == VirDomainState.None && VirDomainIsActive.Call(domain, name) ? VirDomainState.Running : state,
            VirDomainHasManagedSaveImage.Call(domain),
            VirDomainSnapshotNum.Call(domain));
    }

    private SourceGuest Describe(Answer found)
    {
        var state = StateOf(found);
        try
        {
            var xml = DescriptorXml.Load(_path, Encoding.UTF8.GetBytes(found.Xml), LibvirtXmlDomain.Format);
            var guest = LibvirtXmlDomain.Read(_path, Kind, xml, storage(_path, xml));
            return guest with { State = state, Concerns = [.. StateConcerns(found, state), .. guest.Concerns, .. DiskConcerns(guest)] };
        }
        catch (V2VException e) when (e is not LibvirtException || connection.IsAlive)
        {
            return Undescribed(e, state);
        }
    }

    private SourceGuest Undescribed(V2VException why, GuestState state) => new()
    {
        Name = name,
        SourceKind = Kind,
        Path = _path,
        State = state,
        Concerns = [new Concern(ConcernSeverity.Critical, why.Error.ToString(), why.Message, why.Advice)],
    };

    private static GuestState StateOf(Answer found) => found.State switch
    {
        VirDomainState.Running or VirDomainState.Blocked or VirDomainState.Shutdown => GuestState.Running,
        VirDomainState.Paused => GuestState.Paused,
        VirDomainState.PMSuspended => GuestState.Suspended,
        VirDomainState.ShutOff or VirDomainState.Crashed => found.IsSaved ? GuestState.Suspended : GuestState.ShutOff,
        _ => GuestState.Unknown,
    };

    private IEnumerable<Concern> StateConcerns(Answer found, GuestState state)
    {
        if (state is GuestState.Running or GuestState.Paused || found.State == VirDomainState.PMSuspended)
        {
            var what = state switch
            {
                GuestState.Running => "running",
                GuestState.Paused => "paused, which for its disks is as good as running",
                _ => "asleep, which for its disks is as good as running",
            };
            yield return new Concern(
                ConcernSeverity.Critical, nameof(V2VError.GuestRunning), $"The guest {name} is {what}: its disks are not in a state that can be converted.",
                $"Shut it down (virsh -c {connection.Uri.Text} shutdown {name}), and read it again.");
        }
        else if (state == GuestState.Suspended)
        {
            yield return new Concern(
                ConcernSeverity.Warning, "GuestSuspended", $"The guest {name} is suspended: what it had in memory is not in its disks.",
                "Start it, shut it down and convert it then.");
        }

        if (found.Snapshots > 0)
        {
            yield return new Concern(
                ConcernSeverity.Information, "SnapshotsLost",
                $"The guest has {found.Snapshots} snapshot{(found.Snapshots == 1 ? "" : "s")}; the converted guest gets its present state only.");
        }
    }

    private static IEnumerable<Concern> DiskConcerns(SourceGuest guest)
    {
        if (guest.Disks.Count == 0 && !guest.Concerns.Any(c => c.Severity == ConcernSeverity.Critical))
        {
            yield return new Concern(ConcernSeverity.Critical, nameof(V2VError.SourceUnsupported), $"The guest {guest.Name} has no disks.");
        }
    }

    /// <param name="Xml">Its definition.</param>
    /// <param name="State">What it is doing.</param>
    /// <param name="IsSaved">It goes on from a saved state at its next start.</param>
    /// <param name="Snapshots">How many libvirt knows.</param>
    private sealed record Answer(string Xml, VirDomainState State, bool IsSaved, int Snapshots);
}
