using V2V.Engine.FileSystems.Ntfs.Index;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The indexes in $Extend that list every reparse point and every object id of the volume.</summary>
internal sealed class NtfsViewIndexes(NtfsPaths paths)
{
    private const int ObjectIdSize = 16;

    /// <summary>Lists a file's reparse point.</summary>
    /// <exception cref="GuestFileSystemException">The volume has no list of them, as before Windows 2000.</exception>
    public void AddReparsePoint(NtfsFile file, NtfsReparseTag tag, string path)
    {
        var index = Open("/$Extend/$Reparse", "$R") ?? throw NtfsErrors.Unsupported(
            $"{path} cannot be made a symbolic link: the volume has no $Extend\\$Reparse.", "Use a hard link or a copy.", path);
        index.Insert(NtfsIndexEntry.ForData(ReparseKey(file, tag), []));
    }

    public void RemoveReparsePoint(NtfsFile file, NtfsReparseTag tag) => Open("/$Extend/$Reparse", "$R")?.Delete(ReparseKey(file, tag));

    public void RemoveObjectId(NtfsFile file)
    {
        if (file.Find(NtfsAttributeType.ObjectId)?.Value is { Length: >= ObjectIdSize } id)
        {
            Open("/$Extend/$ObjId", "$O")?.Delete(id.AsSpan(0, ObjectIdSize));
        }
    }

    private NtfsIndex? Open(string path, string name) => paths.Find(path) is { } file
        ? new NtfsIndex(new NtfsFileIndexStore(file, name), NtfsCollation.UInt32Array)
        : null;

    private static byte[] ReparseKey(NtfsFile file, NtfsReparseTag tag)
    {
        var key = new byte[sizeof(uint) + sizeof(ulong)];
        key.AsSpan().Put32(0, (uint)tag);
        key.AsSpan().Put64(sizeof(uint), file.Reference.Value);
        return key;
    }
}
