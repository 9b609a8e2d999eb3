namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// Contents of small files and directories within the inode (Documentation/filesystems/ext4/inlinedata.rst): the first 60 bytes in i_block,
/// the rest in the attribute system.data.
/// </summary>
internal static class ExtInlineData
{
    /// <summary>Everything that there is room for, whatever i_size says.</summary>
    public static byte[] Read(ExtVolume volume, ExtInode inode)
    {
        var rest = new ExtXattrs(volume, inode).ReadInlineData()
            ?? throw ExtErrors.Corrupt($"inode {inode.Number} has inline data, but no attribute system.data.");
        return [.. inode.BlockArea, .. rest];
    }

    /// <summary>Stores contents of at least 60 bytes; room for more than before must not be asked for.</summary>
    public static void Write(ExtVolume volume, ExtInode inode, ReadOnlySpan<byte> content)
    {
        content[..ExtInode.BlockAreaSize].CopyTo(inode.ModifyBlockArea());
        new ExtXattrs(volume, inode).WriteInlineData(content[ExtInode.BlockAreaSize..].ToArray());
    }

    /// <summary>Gives up inline storage; the inode then maps no block yet.</summary>
    public static void Remove(ExtVolume volume, ExtInode inode)
    {
        new ExtXattrs(volume, inode).WriteInlineData(null);
        inode.Flags &= ~ExtInodeFlags.InlineData;
        InitialiseMap(volume, inode);
    }

    /// <summary>An empty map in the way that new files of this file system have it.</summary>
    public static void InitialiseMap(ExtVolume volume, ExtInode inode)
    {
        if (volume.Superblock.Incompat.HasFlag(ExtIncompatFeatures.Extents))
        {
            ExtExtentMap.Initialise(inode);
        }
        else
        {
            inode.ModifyBlockArea().Clear();
        }
    }
}
