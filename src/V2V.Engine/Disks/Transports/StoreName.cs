namespace V2V.Engine.Disks.Transports;

/// <summary>Names of files in a <see cref="FileStore"/>.</summary>
internal static class StoreName
{
    /// <summary>What <paramref name="reference"/> names, as written in the file <paramref name="name"/>; null when it leads out of the store.</summary>
    public static string? Resolve(string name, string reference)
    {
        // A path of another machine: "C:\VMs\web.vmdk", "/vmfs/volumes/ds/web.vmdk", "[ds] web/web.vmdk".
        if (reference.Length == 0 || reference[0] is '/' or '\\' or '[' || reference.Contains('\0') || reference is [_, ':', ..])
        {
            return null;
        }

        var parts = new List<string>(Folder(name).Split('/', StringSplitOptions.RemoveEmptyEntries));
        foreach (string part in reference.Split('/', '\\'))
        {
            switch (part)
            {
                case "" or ".":
                    break;
                case ".." when parts.Count == 0:
                    return null;
                case "..":
                    parts.RemoveAt(parts.Count - 1);
                    break;
                default:
                    parts.Add(part);
                    break;
            }
        }

        return parts.Count == 0 ? null : string.Join('/', parts);
    }

    /// <summary>The name without its folders, wherever it was written.</summary>
    public static string Base(string reference) => reference[(reference.LastIndexOfAny(['/', '\\']) + 1)..];

    /// <summary>The folder of a name; "" at the top.</summary>
    public static string Folder(string name) => name.LastIndexOf('/') is >= 0 and var end ? name[..end] : "";

    /// <summary>The folders that a name lies in, from the innermost to the top.</summary>
    public static IEnumerable<string> Ancestors(string name)
    {
        while (name.Length > 0)
        {
            name = Folder(name);
            yield return name;
        }
    }
}
