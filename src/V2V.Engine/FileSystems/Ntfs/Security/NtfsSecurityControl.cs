namespace V2V.Engine.FileSystems.Ntfs.Security;

/// <summary>The control bits of a security descriptor ([MS-DTYP] 2.4.6).</summary>
[Flags]
internal enum NtfsSecurityControl : ushort
{
    None = 0,
    DaclPresent = 0x0004,
    SaclPresent = 0x0010,

    /// <summary>Windows hands later changes of the parent's ACL on.</summary>
    DaclAutoInherited = 0x0400,
    SaclAutoInherited = 0x0800,

    /// <summary>The ACL takes nothing from the parent's.</summary>
    DaclProtected = 0x1000,
    SaclProtected = 0x2000,
    SelfRelative = 0x8000,
}
