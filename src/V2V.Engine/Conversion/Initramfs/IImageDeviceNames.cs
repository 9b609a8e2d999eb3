namespace V2V.Engine.Conversion.Initramfs;

/// <summary>Tells which names of disks in an image the converted guest will still have, and what takes the place of the others.</summary>
internal interface IImageDeviceNames
{
    /// <summary>True for names that come from what is stored on the disk, and for everything that is no disk.</summary>
    bool IsLasting(string device);

    /// <summary>The lasting name of the same volume in fstab's form (UUID=...); null when the volume could not be found.</summary>
    /// <param name="device">The name, such as /dev/sda2.</param>
    /// <param name="file">The file in the image, for the report.</param>
    /// <param name="expectedKind">What the file says lies there ("swap"); null when it does not say.</param>
    string? Replace(string device, string file, string? expectedKind);

    /// <summary>True when every boot entry of the image gives the kernel an argument of this name, which goes before what stands in the image.</summary>
    bool IsOnCommandLine(string argument);

    /// <summary>The content of lvm.conf with filters that let the new disks through; the same text when they do.</summary>
    string CorrectLvm(string text, string file);
}
