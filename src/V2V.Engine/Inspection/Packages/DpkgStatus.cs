namespace V2V.Engine.Inspection.Packages;

/// <summary>/var/lib/dpkg/status: stanzas of "Field: value" lines, separated by empty lines (deb-control(5)).</summary>
internal static class DpkgStatus
{
    /// <summary>The packages whose files are in place. Removed ones leave a stanza behind as long as configuration files remain.</summary>
    public static IReadOnlyList<InstalledPackage> Parse(string text)
    {
        var packages = new List<InstalledPackage>();
        string name = "", version = "", architecture = "", status = "";
        foreach (var line in text.Split('\n').Append(""))
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                if (name.Length > 0 && status.EndsWith(" installed", StringComparison.Ordinal))
                {
                    packages.Add(new InstalledPackage(name, version, architecture));
                }

                name = version = architecture = status = "";
            }
            else if (Value(line, "Package:") is { } p)
            {
                name = p;
            }
            else if (Value(line, "Version:") is { } v)
            {
                version = v;
            }
            else if (Value(line, "Architecture:") is { } a)
            {
                architecture = a;
            }
            else if (Value(line, "Status:") is { } s)
            {
                status = s;
            }
        }

        return packages;
    }

    private static string? Value(string line, string field) => line.StartsWith(field, StringComparison.Ordinal) ? line[field.Length..].Trim() : null;
}
