using V2V.Engine.Targets;

namespace V2V.Engine.Profiles;

/// <summary>Says of each setting who decided about it.</summary>
public static class ProfileSettings
{
    /// <summary>The settings that <c>stored.With(given)</c> has, defaults among them, as texts.</summary>
    /// <param name="stored">The profile; an empty one when there is none.</param>
    /// <param name="given">What parameters say.</param>
    public static IReadOnlyList<ConversionSetting> Describe(ConversionProfile stored, ConversionProfile given)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(given);
        var settings = stored.With(given);
        List<ConversionSetting> described = [];
        if (settings.NoOutput)
        {
            described.Add(new ConversionSetting(nameof(ConversionProfile.NoOutput), bool.TrueString, SettingOrigin.Parameter));
        }
        else if (settings.OutputDirectory is null)
        {
            Add(nameof(ConversionProfile.Connection), p => p.Connection, ConversionProfile.DefaultConnection);
            Add(nameof(ConversionProfile.StoragePool), p => p.StoragePool, ConversionProfile.DefaultStoragePool);
        }

        Add(nameof(ConversionProfile.OutputDirectory), p => p.OutputDirectory, null);
        Add(nameof(ConversionProfile.As), p => p.As?.ToString(), null);
        Add(nameof(ConversionProfile.DomainType), p => p.DomainType, null);
        Add(nameof(ConversionProfile.Format), p => p.Format?.ToString(), nameof(ImageFormat.Qcow2));
        Add(nameof(ConversionProfile.Allocation), p => p.Allocation?.ToString(), nameof(ImageAllocation.Sparse));
        Add(nameof(ConversionProfile.Compression), p => p.Compression?.ToString(), nameof(ImageCompression.None));
        described.AddRange(settings.NetworkRules.Select(rule => Network(rule, stored, given)));
        Add(nameof(ConversionProfile.DriverSource), p => p.DriverSource, null);
        Add(nameof(ConversionProfile.BlockDriver), p => p.BlockDriver?.ToString(), nameof(StoragePreference.Viostor));
        Add(nameof(ConversionProfile.AllowNoDrivers), p => p.AllowNoDrivers?.ToString(), bool.FalseString);
        Add(nameof(ConversionProfile.SoftwareConfiguration), p => p.SoftwareConfiguration is { } files ? string.Join(", ", files) : null, null);
        if (settings.SoftwareConfiguration is not null)
        {
            // What the files say themselves is part of the profile that names them.
            Add(nameof(ConversionProfile.SoftwareRoot), p => p.SoftwareRoot ?? p.Software?.PathRoot, ConversionProfile.DefaultSoftwareRoot);
        }

        Add(nameof(ConversionProfile.TemporaryDirectory), p => p.TemporaryDirectory, null);
        return described;

        void Add(string name, Func<ConversionProfile, string?> text, string? fallback)
        {
            if ((text(settings) ?? fallback) is { } value)
            {
                var origin = text(given) is not null ? SettingOrigin.Parameter : text(settings) is not null ? SettingOrigin.Profile : SettingOrigin.Default;
                described.Add(new ConversionSetting(name, value, origin, text(stored) is { } other && other != value ? other : null));
            }
        }
    }

    private static ConversionSetting Network(NetworkRule rule, ConversionProfile stored, ConversionProfile given)
    {
        var isGiven = given.NetworkRules.Contains(rule);
        var replaced = isGiven ? stored.NetworkRules.FirstOrDefault(other => other.Key == rule.Key && other.TargetDescription != rule.TargetDescription) : null;
        return new ConversionSetting(
            nameof(Network), rule.ToString(), isGiven ? SettingOrigin.Parameter : SettingOrigin.Profile, replaced?.TargetDescription);
    }
}
