using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Lets mdadm look for the members of software RAIDs on every partition where its configuration lists disks by name (mdadm.conf(5)). Arrays are
/// told by their UUIDs, which stay.
/// </summary>
public sealed partial class MdadmDevices : LinuxStep
{
    private static readonly string[] Files = ["/etc/mdadm.conf", "/etc/mdadm/mdadm.conf"];

    public override string Name => "Letting mdadm find its disks";

    public override void Apply(ConversionContext context)
    {
        foreach (var path in Files)
        {
            if (context.Files.TryReadAllText(path) is { } text)
            {
                context.Files.WriteAllText(
                    path, TextLines.Edit(text, Correct), "members are looked for on every partition", "The disks have other names on KVM.");
            }
        }
    }

    private static string Correct(string line)
    {
        var fields = FieldSpan.Split(line);
        if (fields.Count < 2)
        {
            return line;
        }

        // Keywords may be cut short to three letters and written in either case.
        if (Keyword().IsMatch(fields[0].Of(line)) && fields.Skip(1).Any(f => NamesDisk().IsMatch(f.Of(line))))
        {
            return line[..fields[1].Start] + "partitions containers";
        }

        return Array().IsMatch(line) && Identity().IsMatch(line) ? Members().Replace(line, "") : line;
    }

    [GeneratedRegex(@"^dev(i|ic|ice)?\z", RegexOptions.IgnoreCase)]
    private static partial Regex Keyword();

    [GeneratedRegex(@"^/dev/(sd|hd|xvd|vd|nvme|cciss|disk/by-(id|path))")]
    private static partial Regex NamesDisk();

    [GeneratedRegex(@"^arr(a|ay)?\s", RegexOptions.IgnoreCase)]
    private static partial Regex Array();

    /// <summary>Without one of these the list of members is all that tells the array.</summary>
    [GeneratedRegex(@"\s(uuid|super-minor|name)=", RegexOptions.IgnoreCase)]
    private static partial Regex Identity();

    [GeneratedRegex(@"\s+devices=\S+", RegexOptions.IgnoreCase)]
    private static partial Regex Members();
}
