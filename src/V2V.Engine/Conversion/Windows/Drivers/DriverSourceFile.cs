namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>A file of a driver source.</summary>
/// <param name="Path">'/'-separated and relative to the source, as spelled there: "viostor/w10/amd64/viostor.inf".</param>
/// <param name="Length">Size in bytes.</param>
public sealed record DriverSourceFile(string Path, long Length)
{
    /// <summary>"viostor.inf".</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>"viostor/w10/amd64"; empty for a file at the source's root.</summary>
    public string Directory => Path.LastIndexOf('/') is var slash and >= 0 ? Path[..slash] : "";

    public override string ToString() => Path;
}
