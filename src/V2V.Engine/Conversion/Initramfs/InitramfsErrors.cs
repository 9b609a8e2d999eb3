namespace V2V.Engine.Conversion.Initramfs;

/// <summary>The ways in which an initramfs can turn out to be one that V2V leaves alone.</summary>
internal static class InitramfsErrors
{
    private const string Format = "initramfs";

    /// <summary>The image breaks a rule of its format; the kernel would stop unpacking there as well.</summary>
    public static ConversionException Malformed(string what, long? offset = null, Exception? inner = null) =>
        new(V2VError.ConversionFailed, offset is null ? $"The initramfs is damaged: {what}." : $"The initramfs is damaged at offset {offset}: {what}.", inner)
        {
            Format = Format,
            Offset = offset,
            Advice = "Rebuild the initramfs in the guest before converting it.",
        };

    /// <summary>The image is sound as far as can be told, but of a kind to which nothing can be added safely.</summary>
    public static ConversionException Unsupported(string what, string? advice = null) =>
        new(V2VError.GuestUnsupported, what)
        {
            Format = Format,
            Advice = advice ?? "Rebuild the initramfs in the guest with the modules virtio_pci and virtio_blk in it before converting it.",
        };

    /// <summary>What V2V built does not read back as it should: nothing is written.</summary>
    public static ConversionException VerificationFailed(string what) =>
        new(V2VError.VerificationFailed, $"The extended initramfs was rejected before it was written: {what}.")
        {
            Format = Format,
            Advice = "This is a defect of V2V; the guest was not changed. Rebuild the initramfs in the guest with the virtio modules in it instead.",
        };
}
