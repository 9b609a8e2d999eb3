namespace V2V.Engine.FileSystems.Ext;

/// <summary>bg_flags.</summary>
[Flags]
internal enum ExtGroupFlags : ushort
{
    None = 0,
    /// <summary>The inode bitmap and table are not initialised: no inode is in use.</summary>
    InodeUninit = 1,
    /// <summary>The block bitmap is not initialised: only the group's own metadata is in use.</summary>
    BlockUninit = 2,
    InodeZeroed = 4,
}
