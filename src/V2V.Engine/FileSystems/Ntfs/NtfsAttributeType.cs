namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Attribute types, as the volume's $AttrDef lists them. An open set: other values are kept as they are.</summary>
internal enum NtfsAttributeType : uint
{
    StandardInformation = 0x10,
    AttributeList = 0x20,
    FileName = 0x30,
    ObjectId = 0x40,
    SecurityDescriptor = 0x50,
    VolumeName = 0x60,
    VolumeInformation = 0x70,
    Data = 0x80,
    IndexRoot = 0x90,
    IndexAllocation = 0xA0,
    Bitmap = 0xB0,
    ReparsePoint = 0xC0,
    EaInformation = 0xD0,
    ExtendedAttributes = 0xE0,
    LoggedUtilityStream = 0x100,
}
