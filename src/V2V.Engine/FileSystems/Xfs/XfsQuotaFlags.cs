namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The bits of sb_qflags that say that the counts of the quota files are right (XFS_*QUOTA_CHKD); without them the kernel counts anew when it mounts.</summary>
[Flags]
internal enum XfsQuotaFlags : ushort
{
    None = 0,
    UserChecked = 0x4,
    GroupOrProjectChecked = 0x20,
    GroupChecked = 0x100,
    ProjectChecked = 0x400,
    AllChecked = UserChecked | GroupOrProjectChecked | GroupChecked | ProjectChecked,
}
