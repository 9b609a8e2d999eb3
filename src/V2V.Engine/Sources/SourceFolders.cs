using V2V.Engine.Disks.Parallels;
using V2V.Engine.Sources.HyperV;
using V2V.Engine.Sources.LibvirtXml;
using V2V.Engine.Sources.Vagrant;

namespace V2V.Engine.Sources;

/// <summary>Finds what describes guests in folders of this host: descriptors and archives, not bare disk images.</summary>
public static class SourceFolders
{
    private static readonly string[] s_extensions = [".vmx", ".ovf", ".ova", ".xva", ".vbox", ".vmcx", ".box"];

    /// <summary>The descriptors in a folder, in the order of their names.</summary>
    /// <param name="folder">Full path.</param>
    /// <param name="recurse">Whether to look in the folders below too. Links are not followed.</param>
    /// <returns>
    /// Paths for <see cref="GuestSources.Open(string, CancellationToken)"/>. A folder that may not be listed is returned itself, so that opening it
    /// gives the reason.
    /// </returns>
    public static IEnumerable<string> Find(string folder, bool recurse)
    {
        folder = Path.GetFullPath(folder);
        if (ParallelsBundle.DescriptorOf(folder) is var disk && disk != folder)
        {
            // Somebody gives the folder of one disk, as Parallels shows it: a file.
            yield return disk;
            yield break;
        }

        Stack<string> folders = new([folder]);
        while (folders.TryPop(out var current))
        {
            if (!TryList(current, recurse, out var files, out var below))
            {
                yield return current;
                continue;
            }

            // Everything in a box and below belongs to the one guest.
            if (files.FirstOrDefault(IsBox) is { } box)
            {
                yield return box;
                continue;
            }

            foreach (var file in files.Where(IsDescriptor))
            {
                yield return file;
            }

            foreach (var next in below)
            {
                folders.Push(next);
            }
        }
    }

    private static bool TryList(string folder, bool recurse, out string[] files, out string[] below)
    {
        try
        {
            files = [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)];
            below = [.. Below(folder, recurse).OrderDescending(StringComparer.Ordinal)];
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            (files, below) = ([], []);
            return false;
        }
    }

    /// <summary>The folders below that are looked into. An export of Hyper-V is one folder to its user, whatever is in it.</summary>
    private static IEnumerable<string> Below(string folder, bool recurse)
    {
        var below = new DirectoryInfo(folder).EnumerateDirectories().Where(d => d.LinkTarget is null).Select(d => d.FullName).ToList();
        var machines = below.FirstOrDefault(d => Path.GetFileName(d).Equals(HyperVFolder.Machines, StringComparison.OrdinalIgnoreCase));
        return machines is null ? recurse ? below : []
            : recurse ? below.Where(d => !Path.GetFileName(d).Equals(HyperVFolder.Snapshots, StringComparison.OrdinalIgnoreCase))
            : [machines];
    }

    private static bool IsBox(string path) => Path.GetFileName(path) == VagrantMetadata.FileName && VagrantMetadata.Recognises(SourceFile.OnHost(path));

    /// <summary>Any kind of file may be called .xml, so that these have to be what they are named after.</summary>
    private static bool IsDescriptor(string path)
    {
        var extension = Path.GetExtension(path);
        return s_extensions.Contains(extension, StringComparer.OrdinalIgnoreCase) || (extension.Equals(".xml", StringComparison.OrdinalIgnoreCase) && IsDescription(path));
    }

    private static bool IsDescription(string path)
    {
        try
        {
            var file = SourceFile.OnHost(path);
            return new LibvirtXmlSource().Recognises(file) || new HyperVSource().Recognises(file);
        }
        catch (SourceException)
        {
            return true; // It cannot be read, which opening it tells.
        }
    }
}
