namespace V2V.Engine.FileSystems.Ntfs.Security;

/// <summary>AceFlags of an ACE header ([MS-DTYP] 2.4.4.1).</summary>
[Flags]
internal enum NtfsAceFlags : byte
{
    None = 0,

    /// <summary>Files in the directory inherit it.</summary>
    ObjectInherit = 0x01,

    /// <summary>Directories in the directory inherit it.</summary>
    ContainerInherit = 0x02,

    /// <summary>What inherits it does not hand it on.</summary>
    NoPropagateInherit = 0x04,

    /// <summary>It does not apply to the directory itself.</summary>
    InheritOnly = 0x08,

    Inherited = 0x10,
    SuccessfulAccess = 0x40,
    FailedAccess = 0x80,

    Inheritance = ObjectInherit | ContainerInherit | NoPropagateInherit | InheritOnly | Inherited,
}
