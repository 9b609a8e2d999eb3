namespace V2V.Engine.Sources;

/// <summary>A kind of descriptor from which guests can be read. Sources are listed in <see cref="GuestSources"/>.</summary>
public abstract class GuestSource
{
    /// <summary>The word shown as <see cref="SourceGuest.SourceKind"/>.</summary>
    public abstract string Kind { get; }

    /// <summary>True when <paramref name="file"/> is one of this kind. Looks at its first bytes, not only at its name.</summary>
    public abstract bool Recognises(SourceFile file);

    /// <summary>Reads the guests that the descriptor describes (one, but for collections).</summary>
    /// <exception cref="SourceException">The descriptor is malformed or uses what is not supported.</exception>
    public abstract IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation);
}
