using V2V.Engine.Targets.Libvirt;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>The domain, for <c>virsh define</c>.</summary>
internal sealed class LibvirtDomain : GuestDescription
{
    public const string FileSuffix = ".xml";

    public override string Suffix => FileSuffix;

    public override string Text(DomainDescription domain) => $"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{DomainXml.Build(domain)}\n";
}
