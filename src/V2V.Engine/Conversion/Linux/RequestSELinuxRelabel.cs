using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Lets the guest label its files anew at its first boot if SELinux is on there and a file that was created could not be given a label.
/// New files take the label that the policy has for them, so this is seldom needed; it costs the guest one slow boot.
/// </summary>
public sealed class RequestSELinuxRelabel : LinuxStep
{
    public override string Name => "Checking SELinux labels";

    public override bool AppliesTo(InspectedGuest guest) =>
        base.AppliesTo(guest)
        && guest.Root.TryReadAllText("/etc/selinux/config") is { } text
        && ShellVariables.Parse(text).GetValueOrDefault("SELINUX") is "enforcing" or "permissive";

    public override void Apply(ConversionContext context)
    {
        var root = context.Files.Root;
        var unlabelled = context.Changes.FirstOrDefault(change => change.Kind == ChangeKind.Created && root.FindNoFollow(change.Path) is not null && !HasLabel(change.Path));
        if (unlabelled is not null)
        {
            context.Files.WriteAllText("/.autorelabel", "", "SELinux labels every file at the next boot", $"{unlabelled.Path} was created without a label.");
        }

        bool HasLabel(string path)
        {
            var at = root.Resolve(path, followLast: false);
            // The EFI system partition has no attributes; its mount gives all of it one label.
            return at.FileSystem.Kind is "vfat" || at.FileSystem.ExtendedAttributes(at.Path).ContainsKey("security.selinux");
        }
    }
}
