using System.Xml;
using System.Xml.Linq;

namespace V2V.Engine.Sources.HyperV;

/// <summary>
/// A machine of Hyper-V: the XML (Server 2008 to 2012 R2) or .vmcx file (Server 2016 and later) in the folder "Virtual Machines" of an export,
/// or a copy of the live one.
/// </summary>
internal sealed class HyperVSource : GuestSource
{
    public const string Format = "Hyper-V";

    public override string Kind => "HyperV";

    public override bool Recognises(SourceFile file) =>
        HyperVStorage.Recognises(file.Head) || (DescriptorXml.RootName(file.Head) is { NamespaceName: "", LocalName: HyperVConfiguration.RootName } && HasKnownPart(file.Head));

    public override IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation)
    {
        var folder = new HyperVFolder(file, options);
        XElement root;
        if (HyperVStorage.Recognises(file.Head))
        {
            if (file.HasExtension(".vmrs"))
            {
                throw Unsupported(file.Path, "is the state of a machine (.vmrs), not its settings.", "Give the .vmcx file beside it.");
            }

            try
            {
                using var store = file.Open();
                root = HyperVStorage.Read(store).Child(HyperVConfiguration.RootName) ?? throw Unsupported(file.Path, "has no settings of a machine in it.", ExportAdvice);
            }
            catch (SourceException e)
            {
                return [HyperVDisksOnly.Read(folder, file, e, cancellation)];
            }
        }
        else
        {
            root = DescriptorXml.Load(file.Path, file.ReadDescriptor(Format), Format);
        }

        cancellation.ThrowIfCancellationRequested();
        return [new HyperVMachine(new HyperVConfiguration(file.Path, root), folder).Read(file)];
    }

    public const string ExportAdvice = "Export the machine again (Export-VM), or convert its disks with -Disk.";

    public static SourceException Unsupported(string path, string what, string advice) =>
        new(V2VError.SourceUnsupported, $"{path} {what}") { Path = path, Format = Format, Advice = advice };

    /// <summary>The first element below the root is in the head: settings begin with it.</summary>
    private static bool HasKnownPart(byte[] head)
    {
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(head), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            while (reader.Read())
            {
                if (reader is { NodeType: XmlNodeType.Element, Depth: 1 })
                {
                    return HyperVConfiguration.IsPart(reader.LocalName);
                }
            }
        }
        catch (XmlException)
        {
            // The head ends within the root's own tag: no settings begin so.
        }

        return false;
    }
}
