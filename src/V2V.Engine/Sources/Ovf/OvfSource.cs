namespace V2V.Engine.Sources.Ovf;

/// <summary>An OVF package unpacked into a folder: the .ovf descriptor with its files beside it.</summary>
internal sealed class OvfSource : GuestSource
{
    public override string Kind => "OVF";

    public override bool Recognises(string path) => OvfDescriptor.IsEnvelope(DescriptorXml.RootName(DescriptorFile.ReadHead(path)));

    public override IReadOnlyList<SourceGuest> Read(string path, SourceOptions options, CancellationToken cancellation) =>
        [OvfGuest.Read(new OvfFolder(path, options), path, Kind, cancellation)];
}
