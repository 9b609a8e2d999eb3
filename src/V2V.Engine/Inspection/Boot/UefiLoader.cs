namespace V2V.Engine.Inspection.Boot;

/// <summary>A boot loader on the EFI system partition that can be started from <see cref="UefiFallback.Directory"/> too.</summary>
/// <param name="Description">"shim and GRUB of EFI/debian".</param>
/// <param name="Files">What has to be copied there.</param>
internal sealed record UefiLoader(string Description, IReadOnlyList<UefiLoaderFile> Files)
{
    /// <summary>
    /// The guest's boot menu is among the files, which is left behind when a kernel is installed: GRUB legacy looks for it nowhere else.
    /// </summary>
    public bool HasCopyOfMenu { get; init; }
}

/// <param name="Path">Guest path.</param>
/// <param name="Name">Name of the copy.</param>
internal readonly record struct UefiLoaderFile(string Path, string Name);
