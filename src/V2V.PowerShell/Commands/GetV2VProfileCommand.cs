using System.Management.Automation;
using V2V.Engine.Profiles;

namespace V2V.PowerShell.Commands;

/// <summary>Lists stored profiles, the user's and the machine's. Of two with the same name the user's is shown, which is the one that is used.</summary>
[Cmdlet(VerbsCommon.Get, "V2VProfile")]
[OutputType(typeof(ConversionProfile))]
public sealed class GetV2VProfileCommand : V2VCommand
{
    /// <summary>Names of profiles; all of them when it is left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Only the user's own profiles, or only those of all users of this machine.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public ProfileScope? Scope { get; set; }

    protected override void ProcessRecord()
    {
        var stores = Scope is { } scope ? [ProfileStore.For(scope)] : ProfileStores.All;
        foreach (var wanted in Name)
        {
            if (!WildcardPattern.ContainsWildcardCharacters(wanted))
            {
                Write(wanted, () => Scope is null ? ProfileStores.Load(wanted) : stores[0].Load(wanted));
                continue;
            }

            var pattern = WildcardPattern.Get(wanted, WildcardOptions.IgnoreCase);
            foreach (var (store, name) in stores.SelectMany(store => store.Names().Where(pattern.IsMatch).Select(name => (store, name)))
                .DistinctBy(found => found.name, StringComparer.OrdinalIgnoreCase)
                .OrderBy(found => found.name, StringComparer.OrdinalIgnoreCase))
            {
                Write(name, () => store.Load(name));
            }
        }
    }

    private void Write(string name, Func<ConversionProfile> load)
    {
        if (Try(name, load, out var profile))
        {
            WriteObject(profile);
        }
    }
}
