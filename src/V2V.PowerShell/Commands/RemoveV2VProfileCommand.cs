using System.Management.Automation;
using V2V.Engine.Profiles;

namespace V2V.PowerShell.Commands;

/// <summary>Removes stored profiles, also ones whose files are malformed.</summary>
[Cmdlet(VerbsCommon.Remove, "V2VProfile", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(void))]
public sealed class RemoveV2VProfileCommand : V2VCommand
{
    /// <summary>Names of profiles.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Whose profiles: the user's own, or those of all users of this machine.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public ProfileScope Scope { get; set; }

    protected override void ProcessRecord()
    {
        var store = ProfileStore.For(Scope);
        foreach (var wanted in Name)
        {
            IReadOnlyList<string> names = WildcardPattern.ContainsWildcardCharacters(wanted)
                ? [.. store.Names().Where(WildcardPattern.Get(wanted, WildcardOptions.IgnoreCase).IsMatch)]
                : [wanted];
            foreach (var name in names)
            {
                if (ShouldProcess($"profile {name} in {store.Directory}", "Remove") && Try(name, () => Remove(store, name), out _))
                {
                    WriteVerbose($"Removed {name} from {store.Directory}.");
                }
            }
        }
    }

    private static bool Remove(ProfileStore store, string name)
    {
        store.Remove(name);
        return true;
    }
}
