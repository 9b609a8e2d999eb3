namespace V2V.Engine.Registry;

/// <summary>Type of a value as winnt.h numbers them (REG_SZ and so on). The set is open: Windows stores whatever number a program gives.</summary>
public enum RegistryValueKind : uint
{
    None = 0,
    String = 1,
    ExpandString = 2,
    Binary = 3,
    UInt32 = 4,
    UInt32BigEndian = 5,
    Link = 6,
    MultiString = 7,
    ResourceList = 8,
    FullResourceDescriptor = 9,
    ResourceRequirementsList = 10,
    UInt64 = 11,
}
