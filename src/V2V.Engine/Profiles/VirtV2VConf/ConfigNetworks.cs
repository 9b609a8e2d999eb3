namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>
/// The mappings of a profile and of the top levels as one list of rules, so that what virt-v2v 0.9 asks first is what counts: the profile's
/// mapping of a network, that of the first file that has one, the profile's default, that of the first file that has one.
/// </summary>
internal sealed class ConfigNetworks
{
    private readonly List<NetworkRule> _rules = [];
    private readonly List<string> _warnings = [];

    private ConfigNetworks()
    {
    }

    public IReadOnlyList<NetworkRule> Rules => _rules;

    /// <summary>Mappings that are not used, or not as they are written, a sentence each.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <exception cref="ProfileException">A default leads nowhere.</exception>
    public static ConfigNetworks Read(ConfigFile? profileFile, ConfigProfile? profile, IReadOnlyList<ConfigFile> files)
    {
        var networks = new ConfigNetworks();
        if (profile is not null)
        {
            networks.AddNamed(profileFile!.Path, profile.Networks);
        }

        foreach (var file in files)
        {
            networks.AddNamed(file.Path, file.Networks);
        }

        if ((profile is null ? null : networks.Default(profileFile!.Path, profile.Networks)) is { } own)
        {
            networks._rules.Add(own);
        }
        else if (files.FirstOrDefault(file => file.Networks.Any(n => n.IsDefault)) is { } first && networks.Default(first.Path, first.Networks) is { } common)
        {
            networks._rules.Add(common);
        }

        return networks;
    }

    /// <summary>Adds what no list before had; within one list the first of the same name counts.</summary>
    private void AddNamed(string path, IReadOnlyList<ConfigNetwork> networks)
    {
        var earlier = _rules.Select(rule => rule.Key).ToHashSet();
        HashSet<(string?, string?, NetworkKind?)> here = [];
        foreach (var network in networks.Where(n => !n.IsDefault))
        {
            if (network is not { Kind: { } kind, Name: { } name, HasTarget: true })
            {
                _warnings.Add($"{path}: a network mapping needs a type (bridge, network or default), a name unless it is the default, and a network in it; this one is not used: {network.Text}");
                continue;
            }

            var rule = Rule(path, network, name) with { SourceKind = kind };
            if (!here.Add(rule.Key))
            {
                _warnings.Add($"{path}: the {network.Type} '{name}' is mapped more than once; the first mapping counts.");
            }
            else if (!earlier.Contains(rule.Key))
            {
                _rules.Add(rule);
            }
        }
    }

    private NetworkRule? Default(string path, IReadOnlyList<ConfigNetwork> networks)
    {
        if (networks.FirstOrDefault(n => n.IsDefault) is not { } network)
        {
            return null;
        }

        if (!network.HasTarget)
        {
            throw ConfigXml.Invalid(path, $"Default network doesn't contain a mapping: {network.Text}.");
        }

        if (networks.Count(n => n.IsDefault) > 1)
        {
            _warnings.Add($"{path}: more than one default network is given; the first counts.");
        }

        if (network is { TargetKind: { } kind, TargetName: { } target })
        {
            return new NetworkRule(null, kind == NetworkKind.Bridge, target);
        }

        _warnings.Add($"{path}: {Fault(network)} This default is not used.");
        return null;
    }

    /// <summary>What leads nowhere leaves adapters where they are, as with virt-v2v, rather than at a default that was not meant for them.</summary>
    private NetworkRule Rule(string path, ConfigNetwork network, string name)
    {
        if (network is { TargetKind: { } kind, TargetName: { } target })
        {
            return new NetworkRule(name, kind == NetworkKind.Bridge, target);
        }

        _warnings.Add($"{path}: {Fault(network)} Adapters stay on the {network.Type} '{name}'.");
        return new NetworkRule(name, network.Kind == NetworkKind.Bridge, name);
    }

    private static string Fault(ConfigNetwork network) => network is { TargetType: { } type, TargetName: not null }
        ? $"Unknown interface type {type} in network mapping: {network.Text}."
        : $"Invalid network mapping in config: {network.Text}.";
}
