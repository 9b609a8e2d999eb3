namespace V2V.Engine.FileSystems.Ext;

/// <summary>Frees an inode that has no name any more, with everything that it holds.</summary>
internal static class ExtDeletion
{
    public static void Delete(ExtVolume volume, ExtInode inode)
    {
        var isDirectory = inode.IsDirectory;
        new ExtFileData(volume, inode).Release();
        new ExtXattrs(volume, inode).Release();
        inode.LinksCount = 0;
        inode.Size = 0;
        inode.DeletionTime = (uint)Math.Clamp(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 1, uint.MaxValue);
        volume.InodeAllocator.Free(inode.Number, isDirectory);
    }
}
