using System.Text.RegularExpressions;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;

namespace V2V.Engine.Conversion.Linux.Boot;

/// <summary>The default of GRUB 2: saved_entry of grubenv where grub.cfg asks for it, else grub.cfg's own setting and the one that it is made from.</summary>
internal static partial class Grub2Default
{
    private const string Settings = "/etc/default/grub";

    public static void Set(ConversionContext context, BootMenuEntry entry, string why)
    {
        var files = context.Files;
        var configuration = context.Guest.BootLoader.ConfigurationPath!;
        var text = files.Root.ReadAllText(configuration);
        var isSaved = GrubMenu.Parse(text).IsDefaultSaved;
        var what = $"default is {entry.Title}";

        var path = EnvironmentPath(context, configuration);
        var environment = GrubEnvironment.TryRead(files.Root, path);
        if (isSaved || environment?["next_entry"] is { Length: > 0 })
        {
            environment ??= GrubEnvironment.Create();
            environment["saved_entry"] = isSaved ? entry.Id : environment["saved_entry"];
            // An entry that was to be booted once would be the first to boot here.
            environment["next_entry"] = environment["next_entry"] is null ? null : "";
            files.WriteAllText(path, KernelCommandLines.RequireBlock(environment, path), what, why);
        }

        if (isSaved)
        {
            return;
        }

        var quoted = Quote(entry.Id);
        var edited = TextLines.Edit(text, line => DefaultSetting().Replace(line, $"${{start}}{quoted.Replace("$", "$$", StringComparison.Ordinal)}"));
        files.WriteAllText(configuration, edited != text ? edited : $"set default={quoted}\n{text}", what, why);

        if (files.TryReadAllText(Settings) is { } settings)
        {
            files.WriteAllText(Settings, TextLines.Edit(settings, line => GrubDefault().IsMatch(line) ? $"GRUB_DEFAULT={quoted}" : line), what, why);
        }
    }

    internal static string Quote(string value) => $"\"{Special().Replace(value, @"\$0")}\"";

    private static string EnvironmentPath(ConversionContext context, string configuration) =>
        Grub2.Environments(context.Files.Root).Prepend(Grub2.EnvironmentOf(configuration))
            .FirstOrDefault(e => GrubEnvironment.TryRead(context.Files.Root, e) is not null)
        ?? Grub2.EnvironmentOf(configuration);

    /// <summary>The lasting setting, not the one for an entry that is booted once.</summary>
    [GeneratedRegex(@"^(?<start>\s*set\s+default=)(?!.*next_entry)\S.*")]
    private static partial Regex DefaultSetting();

    [GeneratedRegex(@"^\s*GRUB_DEFAULT=")]
    private static partial Regex GrubDefault();

    /// <summary>What both GRUB and the shell take by a backslash within double quotes.</summary>
    [GeneratedRegex(@"[""\\$`]")]
    private static partial Regex Special();
}
