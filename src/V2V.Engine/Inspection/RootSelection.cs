using System.Globalization;

namespace V2V.Engine.Inspection;

/// <summary>Chooses one of the systems of a guest that has several.</summary>
internal static class RootSelection
{
    /// <param name="roots">Every root that was found, at least one.</param>
    /// <param name="wanted">
    /// "first", a number from 1, "UUID=...", "LABEL=...", a /dev name as the guest knows it, a drive letter ("C:"), or a volume's name as messages
    /// have it; null when there should be one only.
    /// </param>
    /// <param name="names">Resolves the guest's names of its disks.</param>
    /// <exception cref="ConversionException">There are several and none was chosen, or none is what is wanted.</exception>
    public static OperatingSystemRoot Choose(IReadOnlyList<OperatingSystemRoot> roots, string? wanted, DeviceNames names)
    {
        var independent = roots.Where(r => !r.IsData).ToList();
        var found = wanted switch
        {
            null => independent.Count == 1 ? independent[0] : null,
            "first" => independent[0],
            _ when int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => independent.ElementAtOrDefault(number - 1),
            // What another system mounts is no system of its own, unless somebody says so.
            _ => ByName(roots, wanted, names),
        };
        if (found is not null)
        {
            return found;
        }

        var list = string.Join("; ", independent.Select((r, i) => $"{i + 1}: {r.Describe()}"));
        throw new ConversionException(
            independent.Count > 1 ? V2VError.SeveralOperatingSystems : V2VError.NoOperatingSystem,
            wanted is null ? $"The guest has several operating systems: {list}."
            : independent.Count(r => wanted.Equals($"{r.DriveLetter}:", StringComparison.OrdinalIgnoreCase)) > 1 ? $"Several operating systems of the guest call their volume {wanted}: {list}."
            : $"The guest has no operating system on {wanted}. There is {list}.")
        {
            Advice = "Choose one by its number, its UUID or its volume (-Root 1, -Root UUID=...), or convert the guest with only the disks of the system that is to run.",
        };
    }

    private static OperatingSystemRoot? ByName(IReadOnlyList<OperatingSystemRoot> roots, string wanted, DeviceNames names)
    {
        if (wanted is [var letter, ':'] && char.IsAsciiLetter(letter))
        {
            // Each of several Windows calls its own volume C: usually, and then the letter chooses none.
            var drives = roots.Where(r => r.DriveLetter == char.ToUpperInvariant(letter)).Take(2).ToArray();
            return drives is [var only] ? only : null;
        }

        var named = names.Resolve(wanted).Volume;
        return roots.FirstOrDefault(r => r.Volume.Volume.DisplayName.Equals(wanted, StringComparison.OrdinalIgnoreCase) || (named is not null && r.Volume == named));
    }
}
