namespace V2V.Engine.Conversion.Linux.Lvm;

/// <summary>Corrects what lvm.conf says of the devices that LVM looks at, in the guest or in a copy that an initramfs has.</summary>
internal static class LvmConfiguration
{
    /// <param name="text">The file's content.</param>
    /// <param name="missing">The pattern that a filter lacks, which is put in front of the others; null when it lacks none.</param>
    /// <param name="changes">Gets what was done.</param>
    internal static string Correct(string text, Func<LvmFilter, string?> missing, ICollection<string> changes)
    {
        // The last setting of a name is in force. From the end, so that the places of those before stay right.
        foreach (var setting in LvmSetting.Read(text).Reverse().DistinctBy(s => s.Name).ToList())
        {
            var items = setting.Items.Select(i => i.Text(text)).ToList();
            if (setting.Name is "devices/filter" or "devices/global_filter" && missing(new LvmFilter(items)) is { } pattern)
            {
                text = setting.Prepend(text, pattern);
                changes.Add($"{setting.Name["devices/".Length..]} accepts \"{pattern}\"");
            }
            else if (setting.Name == "devices/scan" && !items.Any(i => i.TrimEnd('/') == "/dev"))
            {
                // A list of directories other than /dev itself leaves out the disks' plain names.
                text = setting.Prepend(text, "/dev");
                changes.Add("scan includes /dev");
            }
        }

        return text;
    }
}
