namespace V2V.Engine.Sources;

public enum DisplayKind
{
    Vnc,
    Spice,
}

/// <summary>How the guest's screen was shown to others. Passwords are not kept.</summary>
/// <param name="Kind">The protocol.</param>
/// <param name="Listen">The address that it was shown at; null for the hypervisor's usual one.</param>
/// <param name="Port">The port, if it was always the same.</param>
public sealed record SourceDisplay(DisplayKind Kind, string? Listen, int? Port);
