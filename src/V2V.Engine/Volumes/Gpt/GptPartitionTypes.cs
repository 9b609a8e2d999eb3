namespace V2V.Engine.Volumes.Gpt;

/// <summary>Partition types that mean something to a conversion (UEFI 2.10, table 5-7; Discoverable Partitions Specification).</summary>
public static class GptPartitionTypes
{
    public static readonly Guid EfiSystem = new("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
    public static readonly Guid BiosBoot = new("21686148-6449-6e6f-744e-656564454649");
    public static readonly Guid LinuxFileSystem = new("0fc63daf-8483-4772-8e79-3d69d8477de4");
    public static readonly Guid LinuxSwap = new("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f");
    public static readonly Guid LinuxLvm = new("e6d6d379-f507-44c2-a23c-238f2a3df928");
    public static readonly Guid LinuxRaid = new("a19d880f-05fc-4d3b-a006-743f0f84911e");
    public static readonly Guid LinuxRootX86 = new("44479540-f297-41b2-9af7-d131d5f0458a");
    public static readonly Guid LinuxRootX64 = new("4f68bce3-e8cd-4db1-96e7-fbcaf984b709");
    public static readonly Guid LinuxRootArm64 = new("b921b045-1df0-41c3-af44-4c6f280d3fae");
    public static readonly Guid LinuxHome = new("933ac7e1-2eb4-4f13-b844-0e14e2aef915");
    public static readonly Guid LinuxExtendedBoot = new("bc13c2ff-59e6-4262-a352-b275fd6f7172");
    public static readonly Guid MicrosoftReserved = new("e3c9e316-0b5c-4db8-817d-f92df00215ae");
    public static readonly Guid MicrosoftBasicData = new("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7");
    public static readonly Guid MicrosoftRecovery = new("de94bba4-06d1-4d40-a16a-bfd50179d6ac");
    public static readonly Guid LdmMetadata = new("5808c8aa-7e8f-42e0-85d2-e904be813e65");
    public static readonly Guid LdmData = new("af9b60a0-1431-4f62-bc68-3311714a69ad");
    public static readonly Guid StorageSpaces = new("e75caf8f-f680-4cee-afa3-b001e56efc2d");
}
