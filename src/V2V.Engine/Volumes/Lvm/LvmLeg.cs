namespace V2V.Engine.Volumes.Lvm;

/// <summary>Where the bytes of one stripe of a mapped segment lie.</summary>
/// <param name="PhysicalVolume">The volume that they lie on.</param>
/// <param name="Offset">Byte of that volume at which they begin.</param>
internal readonly record struct LvmLeg(Volume PhysicalVolume, long Offset);
