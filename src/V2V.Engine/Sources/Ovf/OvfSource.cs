namespace V2V.Engine.Sources.Ovf;

/// <summary>An OVF package unpacked into a folder: the .ovf descriptor with its files beside it.</summary>
internal sealed class OvfSource : GuestSource
{
    public override string Kind => "OVF";

    public override bool Recognises(SourceFile file) => OvfXml.IsEnvelope(DescriptorXml.RootName(file.Head));

    public override IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation) =>
        OvfGuest.ReadAll(new OvfPackage(file, options), file.Path, Kind, options, cancellation);
}
