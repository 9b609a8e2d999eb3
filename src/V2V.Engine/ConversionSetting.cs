namespace V2V.Engine;

/// <summary>Who decided about a setting.</summary>
public enum SettingOrigin
{
    Default,
    Profile,
    Parameter,
}

/// <summary>A setting of a conversion, for the report.</summary>
/// <param name="Name">The parameter that sets it: "Format".</param>
/// <param name="Value">What it is: "Qcow2", "VM Network -> bridge br0".</param>
/// <param name="Origin">Who decided.</param>
/// <param name="ProfileValue">What the profile has in its place, where a parameter won over it; else null.</param>
public sealed record ConversionSetting(string Name, string Value, SettingOrigin Origin, string? ProfileValue = null)
{
    public override string ToString() => Origin switch
    {
        SettingOrigin.Parameter when ProfileValue is not null => $"{Name} = {Value} (parameter; the profile has {ProfileValue})",
        SettingOrigin.Default when ProfileValue is not null => $"{Name} = {Value} (default, since a parameter excludes the profile's {ProfileValue})",
        _ => $"{Name} = {Value} ({Origin.ToString().ToLowerInvariant()})",
    };
}
