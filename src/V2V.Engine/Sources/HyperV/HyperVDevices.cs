namespace V2V.Engine.Sources.HyperV;

/// <summary>The kinds of devices that are looked at, by the ids that Hyper-V gives them.</summary>
internal static class HyperVDevices
{
    public static readonly Guid Bios = new("ac6b8dc1-3257-4a70-b1b2-a9c9215659ad");
    public static readonly Guid IdeController = new("83f8638b-8dca-4152-9eda-2ca8b33039b4");
    public static readonly Guid ScsiController = new("d422512d-2bf2-4752-809d-7b82b5fcb1b4");
    public static readonly Guid FloppyController = new("8f0d2762-0b00-4e04-af4f-19010527cb93");
    public static readonly Guid SyntheticEthernet = new("2fc216b0-d2e2-4967-9b6d-b8a5c9ca2778");
    public static readonly Guid SyntheticVideo = new("f3cf6965-e8d3-44a9-9b7d-a04245ea7525");
    public static readonly Guid RealTimeClock = new("e51b7ef6-4a7f-4780-aaae-d4b291aacd2e");
    public static readonly Guid Tpm = new("736e6aa9-a3f8-49c0-9550-a963214d259a");
    public static readonly Guid PciExpressPort = new("2fcc454e-a36a-4c77-bb5e-a2d75a51f02c");
}
