namespace V2V.Engine.Sources;

public enum DisplayKind
{
    Vnc,
    Spice,
    Rdp,

    /// <summary>A window on the source's own screen (SDL, GTK).</summary>
    Window,
}

/// <summary>How the guest's screen was shown to others. Passwords are not kept.</summary>
/// <param name="Kind">The protocol.</param>
/// <param name="Listen">The address that it was shown at; null for the hypervisor's usual one.</param>
/// <param name="Port">The TCP port, if it was always the same.</param>
/// <param name="Keymap">Keyboard layout, as QEMU names it: "de", "en-us"; null when not told.</param>
public sealed record SourceDisplay(DisplayKind Kind, string? Listen = null, int? Port = null, string? Keymap = null);
