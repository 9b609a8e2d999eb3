namespace V2V.Engine.Sources;

/// <summary>Descriptors that are known by their content and cannot be read yet, and other texts. Without this they would pass for small raw disks.</summary>
internal static class UnsupportedSources
{
    /// <summary>True for XML, for other text, and for names that only descriptors have.</summary>
    public static bool Contains(SourceFile file) => Name(file) is not null || IsText(file.Head);

    /// <summary>What a file is called that no source has recognised.</summary>
    public static SourceException Refused(SourceFile file)
    {
        var (path, head) = (file.Path, file.Head);
        var name = Name(file);
        return name is not null
            ? new SourceException(V2VError.SourceUnsupported, $"{path} is {name}, which is not supported yet.")
            {
                Path = path,
                Advice = "Convert the guest's disk images instead.",
            }
            : new SourceException(
                V2VError.SourceUnsupported,
                $"{path} is {(head.Length == 0 ? "empty" : IsText(head) ? "a text file of no known kind" : "of no known kind")}.")
            {
                Path = path,
                Advice = "Give a .vmx, .ovf, .ova, .xva, .vbox or .vmcx file, an .xml file of libvirt or Hyper-V, a box, or disk images.",
            };
    }

    private static string? Name(SourceFile file)
    {
        var root = DescriptorXml.RootName(file.Head);
        switch (root?.LocalName)
        {
            case "DECLARATIONS":
                return "a Hyper-V machine description of Server 2008 (.exp)";
            case "Foundry":
                return "a side file of a VMware guest (.vmxf), not its .vmx";
            case "ParallelsVirtualMachine":
                return "a Parallels machine description (.pvs)";
            case "Envelope":
                return "an OVF descriptor of an unknown version";
            case not null:
                return $"an XML document with the root element {root.LocalName}";
        }

        return Path.GetExtension(file.Name).ToUpperInvariant() switch
        {
            ".VMCX" => "no Hyper-V machine description in spite of its name (.vmcx)",
            ".EXP" => "a Hyper-V machine description of Server 2008 (.exp)",
            ".VBOX" => "a VirtualBox machine description (.vbox)",
            ".XML" => "an XML document",
            _ => null,
        };
    }

    /// <summary>A disk has zeros or other binary data in its first sectors, whatever it holds.</summary>
    private static bool IsText(ReadOnlySpan<byte> head)
    {
        foreach (var b in head)
        {
            if (b < 0x20 && b is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f'))
            {
                return false;
            }
        }

        return true;
    }
}
