using System.Collections;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Sources;
using V2V.Engine.Sources.Libvirt;
using V2V.Engine.Targets.Libvirt;

namespace V2V.PowerShell;

/// <summary>Completes the names of the guests of a libvirt connection that the command line names.</summary>
public sealed class LibvirtGuestNameCompleter : NameCompleter
{
    private protected override Func<CancellationToken, IEnumerable<(string Name, string ToolTip)>>? Prepare(IDictionary parameters) =>
        Text(parameters, "Connection") is { Length: > 0 } uri
            ? cancellation => LibvirtSource.Names(uri, new SourceOptions(), cancellation).Select(name => (name, uri))
            : null;
}

/// <summary>Completes URIs of libvirt: those of this host, and those of profiles.</summary>
public sealed class ConnectionCompleter : NameCompleter
{
    private protected override IEnumerable<(string Name, string ToolTip)> Known(IDictionary parameters) =>
        [(ConversionProfile.DefaultConnection, "The guests of this host's system"), ("qemu:///session", "The guests of this user")];

    private protected override Func<CancellationToken, IEnumerable<(string Name, string ToolTip)>> Prepare(IDictionary parameters) =>
        _ => ProfileStores.All.SelectMany(store => store.Names().Select(name => Load(store, name))).OfType<ConversionProfile>()
            .Where(profile => profile.Connection is not null).Select(profile => (profile.Connection!, $"Profile {profile.Name}"));

    /// <summary>One that is malformed does not hide the others.</summary>
    private static ConversionProfile? Load(ProfileStore store, string name)
    {
        try
        {
            return store.Load(name);
        }
        catch (ProfileException)
        {
            return null;
        }
    }
}

/// <summary>Completes what the target's connection has: the one that the command line names, or its profile, or the default.</summary>
public abstract class TargetNameCompleter : NameCompleter
{
    private protected sealed override Func<CancellationToken, IEnumerable<(string Name, string ToolTip)>> Prepare(IDictionary parameters)
    {
        var (given, profile) = (Text(parameters, "Connection"), Text(parameters, "Profile"));
        return _ =>
        {
            var uri = given ?? (profile is null ? null : ProfileStores.Load(profile).Connection) ?? ConversionProfile.DefaultConnection;
            return Names(uri).Select(name => (name, uri));
        };
    }

    private protected abstract IReadOnlyList<string> Names(string uri);
}

/// <summary>Completes the names of the target's storage pools.</summary>
public sealed class StoragePoolCompleter : TargetNameCompleter
{
    private protected override IReadOnlyList<string> Names(string uri) => LibvirtNames.StoragePools(uri);
}

/// <summary>Completes the names of the target's virtual networks.</summary>
public sealed class NetworkCompleter : TargetNameCompleter
{
    private protected override IReadOnlyList<string> Names(string uri) => LibvirtNames.Networks(uri);
}

/// <summary>Completes the names of the target's bridges.</summary>
public sealed class BridgeCompleter : TargetNameCompleter
{
    private protected override IReadOnlyList<string> Names(string uri) => LibvirtNames.Bridges(uri);
}
