using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;

namespace V2V.Engine.Conversion.Linux.Boot;

/// <summary>The command "default" of GRUB legacy, which stands before the first title.</summary>
internal static class GrubLegacyDefault
{
    public static void Set(ConversionContext context, BootMenuEntry entry, string why)
    {
        var isSet = false;
        var isBeforeTitles = true;
        var text = TextLines.Edit(context.Files.Root.ReadAllText(entry.File), line =>
        {
            var (command, argument) = GrubLegacy.Split(line);
            isBeforeTitles &= command != "title";
            if (!isBeforeTitles || command != "default")
            {
                return line;
            }

            isSet = true;
            var end = line.TrimEnd().Length;
            return string.Concat(line.AsSpan(0, end - argument.Length), entry.Id, line.AsSpan(end));
        });
        context.Files.WriteAllText(entry.File, isSet ? text : $"default={entry.Id}\n{text}", $"default is entry {entry.Id}, {entry.Title}", why);
    }
}
