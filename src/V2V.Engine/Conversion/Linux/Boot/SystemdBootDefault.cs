using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;

namespace V2V.Engine.Conversion.Linux.Boot;

/// <summary>The setting "default" of systemd-boot's loader.conf.</summary>
internal static class SystemdBootDefault
{
    public static void Set(ConversionContext context, BootMenuEntry entry, string why)
    {
        var path = context.Guest.BootLoader.ConfigurationPath!;
        var kept = TextLines.Split(context.Files.TryReadAllText(path) ?? "").Where(l => BlsEntry.Words(l).FirstOrDefault() != "default");
        context.Files.WriteAllText(path, $"default {entry.Id}\n{string.Concat(kept)}", $"default is {entry.Title}", why);
    }
}
