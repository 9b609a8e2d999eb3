using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources;

/// <summary>Names of files in archives as users write them: "/srv/guests.tar.gz!web/disk.img".</summary>
public static class ArchiveMember
{
    /// <summary>Divides a path at the first exclamation mark before which there is a file.</summary>
    /// <returns>False if there is none, or what follows leads out of the archive.</returns>
    public static bool TrySplit(string path, out string archive, out string name)
    {
        ArgumentNullException.ThrowIfNull(path);
        for (var mark = path.IndexOf('!'); mark > 0; mark = path.IndexOf('!', mark + 1))
        {
            if (File.Exists(path[..mark]) && StoreName.Resolve("", path[(mark + 1)..]) is { } resolved)
            {
                (archive, name) = (path[..mark], resolved);
                return true;
            }
        }

        (archive, name) = ("", "");
        return false;
    }
}
