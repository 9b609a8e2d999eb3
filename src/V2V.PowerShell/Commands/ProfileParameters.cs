using System.Collections;
using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Targets;

namespace V2V.PowerShell.Commands;

/// <summary>The parameters that Invoke-V2VConversion and New-V2VProfile share, as a profile that wins over a stored one.</summary>
internal static class ProfileParameters
{
    /// <summary>The profile with every parameter put in that was given.</summary>
    /// <param name="profile">The stored profile, or an empty one.</param>
    /// <param name="bound">The command's bound parameters.</param>
    /// <param name="resolve">Makes a PowerShell path a full path.</param>
    /// <exception cref="PSArgumentException">A value of -NetworkMap or -MacMap cannot be used.</exception>
    public static ConversionProfile Apply(ConversionProfile profile, IReadOnlyDictionary<string, object> bound, Func<string, string> resolve) =>
        profile.With(Given(bound, resolve));

    private static ConversionProfile Given(IReadOnlyDictionary<string, object> bound, Func<string, string> resolve)
    {
        T? Value<T>(string name) => bound.TryGetValue(name, out var value) ? (T?)value : default;
        string? FullPath(string name) => Value<string>(name) is { } path ? resolve(path) : null;

        return new ConversionProfile
        {
            Description = Value<string>("Description"),
            Connection = Value<string>("Connection"),
            StoragePool = Value<string>("StoragePool"),
            OutputDirectory = FullPath("OutputDirectory"),
            As = Value<GuestPlatform?>("As"),
            NoOutput = Value<SwitchParameter?>("NoOutput")?.ToBool() ?? false,
            DomainType = Value<string>("DomainType")?.ToLowerInvariant(),
            Format = Value<ImageFormat?>("Format"),
            Allocation = Value<ImageAllocation?>("Allocation"),
            Compression = Value<ImageCompression?>("Compression"),
            NetworkRules = NetworkMapParameters.Read(
                Value<Hashtable>("NetworkMap"), Value<Hashtable>("MacMap"), Value<string>("Network"), Value<string>("Bridge")),
            DriverSource = FullPath("DriverSource"),
            BlockDriver = Value<StoragePreference?>("BlockDriver"),
            AllowNoDrivers = Value<SwitchParameter?>("AllowNoDrivers")?.ToBool(),
            SoftwareRoot = FullPath("SoftwareRoot"),
            TemporaryDirectory = FullPath("TemporaryDirectory"),
        };
    }
}
