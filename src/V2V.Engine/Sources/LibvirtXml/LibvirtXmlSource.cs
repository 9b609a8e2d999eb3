namespace V2V.Engine.Sources.LibvirtXml;

/// <summary>
/// A guest as libvirt describes it, saved with <c>virsh dumpxml</c>. The disks lie beside the file, in folders that the user allowed, on the
/// network, or in storage pools of a connection that the user gives.
/// </summary>
internal sealed class LibvirtXmlSource : GuestSource
{
    public override string Kind => "LibvirtXml";

    /// <summary>libvirt's elements have no namespace; those of others called "domain" do.</summary>
    public override bool Recognises(SourceFile file) =>
        DescriptorXml.RootName(file.Head) is { NamespaceName: "", LocalName: "domain" or "domainsnapshot" or "domaincheckpoint" or "domstatus" };

    public override IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation)
    {
        var domain = DescriptorXml.Load(file.Path, file.ReadDescriptor(LibvirtXmlDomain.Format), LibvirtXmlDomain.Format);
        cancellation.ThrowIfCancellationRequested();
        using var folder = new LibvirtXmlFolder(file, options, cancellation);
        return [LibvirtXmlDomain.Read(file.Path, Kind, domain, folder)];
    }
}
