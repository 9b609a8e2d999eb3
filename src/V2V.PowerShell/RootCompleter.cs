using System.Collections;
using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources;

namespace V2V.PowerShell;

/// <summary>Completes the operating systems of the guest that the command line names, where it can be opened quickly.</summary>
public sealed class RootCompleter : NameCompleter
{
    private protected override IEnumerable<(string Name, string ToolTip)> Known(IDictionary parameters) => [("first", "The first system on the first disk")];

    private protected override Func<CancellationToken, IEnumerable<(string Name, string ToolTip)>>? Prepare(IDictionary parameters)
    {
        if (First(parameters["InputObject"]) is SourceGuest guest)
        {
            return cancellation => GuestRoots.Find(guest, cancellation);
        }

        if ((Text(parameters, "LiteralPath") ?? Text(parameters, "Path")) is not { Length: > 0 } path)
        {
            return null;
        }

        var full = RemoteFiles.IsUri(path) ? path : ProfileNameCompleter.FullPath(path);
        return cancellation => GuestSources.Open(full, cancellation).Take(1).SelectMany(found => GuestRoots.Find(found, cancellation));
    }

    private static object? First(object? value) => value switch
    {
        PSObject wrapped => First(wrapped.BaseObject),
        SourceGuest guest => guest,
        IEnumerable several and not string => First(several.Cast<object?>().FirstOrDefault()),
        _ => value,
    };
}
