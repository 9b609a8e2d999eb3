using System.Collections;
using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Targets;

namespace V2V.PowerShell.Commands;

/// <summary>The parameters that Invoke-V2VConversion and New-V2VProfile share, and how they win over a profile.</summary>
internal static class ProfileParameters
{
    private const string BridgePrefix = "bridge:";

    /// <summary>The profile with every parameter put in that was given.</summary>
    /// <param name="profile">The stored profile, or an empty one.</param>
    /// <param name="bound">The command's bound parameters.</param>
    /// <param name="resolve">Makes a PowerShell path a full path.</param>
    /// <exception cref="PSArgumentException">A value of -NetworkMap cannot be used.</exception>
    public static ConversionProfile Apply(ConversionProfile profile, IReadOnlyDictionary<string, object> bound, Func<string, string> resolve)
    {
        T? Given<T>(string name) => bound.TryGetValue(name, out var value) ? (T?)value : default;

        if (Given<string>("OutputDirectory") is { } folder)
        {
            profile = profile with { OutputDirectory = resolve(folder), Connection = null, StoragePool = null };
        }

        var connection = Given<string>("Connection");
        var pool = Given<string>("StoragePool");
        if ((connection ?? pool) is not null)
        {
            profile = profile with
            {
                // Given together with -OutputDirectory it stays a conflict; over a profile's folder it wins.
                OutputDirectory = bound.ContainsKey("OutputDirectory") ? profile.OutputDirectory : null,
                Connection = connection ?? profile.Connection,
                StoragePool = pool ?? profile.StoragePool,
            };
        }

        if (Given<ImageFormat?>("Format") is { } format)
        {
            // The profile's compression was meant for the profile's format.
            profile = profile with { Format = format, Compression = format == ImageFormat.Raw ? null : profile.Compression };
        }

        return profile with
        {
            Compression = Given<ImageCompression?>("Compression") ?? profile.Compression,
            DriverSource = Given<string>("DriverSource") is { } drivers ? resolve(drivers) : profile.DriverSource,
            BlockDriver = Given<StoragePreference?>("BlockDriver") ?? profile.BlockDriver,
            AllowNoDrivers = Given<SwitchParameter?>("AllowNoDrivers")?.ToBool() ?? profile.AllowNoDrivers,
            TemporaryDirectory = Given<string>("TemporaryDirectory") is { } temporary ? resolve(temporary) : profile.TemporaryDirectory,
            NetworkRules = Merge(profile.NetworkRules, Given<Hashtable>("NetworkMap"), Given<string>("Network"), Given<string>("Bridge")),
        };
    }

    /// <summary>Rules of the map first, then the profile's for other networks, then the one for all networks that no rule names.</summary>
    private static List<NetworkRule> Merge(IReadOnlyList<NetworkRule> stored, Hashtable? map, string? network, string? bridge)
    {
        var rules = (map ?? []).Cast<DictionaryEntry>()
            .Select(entry => MapEntry(Text(entry.Key, "name of a source network"), Text(entry.Value, $"target of '{entry.Key}'")))
            .OrderBy(rule => rule.SourceNetwork, StringComparer.OrdinalIgnoreCase)
            .ToList();
        var named = rules.Select(rule => rule.SourceNetwork).ToHashSet(StringComparer.OrdinalIgnoreCase);
        rules.AddRange(stored.Where(rule => rule.SourceNetwork is { } source && !named.Contains(source)));
        if (network is not null)
        {
            rules.Add(new NetworkRule(null, IsBridge: false, network));
        }

        if (bridge is not null)
        {
            rules.Add(new NetworkRule(null, IsBridge: true, bridge));
        }

        if ((network ?? bridge) is null)
        {
            rules.AddRange(stored.Where(rule => rule.SourceNetwork is null));
        }

        return rules;
    }

    private static NetworkRule MapEntry(string source, string target)
    {
        var isBridge = target.StartsWith(BridgePrefix, StringComparison.OrdinalIgnoreCase);
        var name = isBridge ? target[BridgePrefix.Length..] : target;
        return name is ""
            ? throw new PSArgumentException($"-NetworkMap has no name of a bridge for '{source}'; write 'bridge:br0'.")
            : new NetworkRule(source, isBridge, name);
    }

    private static string Text(object? value, string what) => (value is PSObject wrapped ? wrapped.BaseObject : value) is string { Length: > 0 } text
        ? text
        : throw new PSArgumentException($"The {what} in -NetworkMap must be a text that is not empty.");
}
