using V2V.Engine.FileSystems.Ntfs.Security;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The security descriptors of files: shared ones in $Secure since NTFS 3.0, before that one in each file.</summary>
internal sealed class NtfsDescriptors(NtfsVolume volume)
{
    /// <summary>Ids of what files and directories inherit from the descriptor of an id.</summary>
    private readonly Dictionary<(uint Parent, bool IsDirectory), uint> _inherited = [];

    /// <summary>The descriptor of a file, or null when it has none.</summary>
    public byte[]? Read(NtfsFile file)
    {
        if (file.Information.SecurityId is not 0 and var id)
        {
            return new NtfsSecure(new NtfsSecureFile(volume)).Find(id);
        }

        if (file.Find(NtfsAttributeType.SecurityDescriptor) is not { } attribute || attribute.DataSize > NtfsSecurityDescriptor.MaxLength)
        {
            return null;
        }

        var value = new byte[attribute.DataSize];
        new NtfsFileContent(volume, file, attribute).Read(0, value);
        return value;
    }

    /// <summary>Gives something new the descriptor that it inherits from its directory.</summary>
    public void Inherit(NtfsFile file, NtfsFile directory)
    {
        var key = (directory.Information.SecurityId, file.IsDirectory);
        if (key.SecurityId != 0 && _inherited.TryGetValue(key, out var known))
        {
            var information = file.Information;
            information.SecurityId = known;
            return;
        }

        var parent = Read(directory) is { } raw ? NtfsSecurityDescriptor.TryParse(raw) : null;
        Set(file, NtfsSecurityInheritance.ForChild(parent, file.IsDirectory).ToBytes());
        if (key.SecurityId != 0 && file.Information.SecurityId is not 0 and var id)
        {
            _inherited[key] = id;
        }
    }

    /// <summary>Descriptors that an undone operation added are not there.</summary>
    public void Forget() => _inherited.Clear();

    /// <summary>Gives a file a descriptor, in the way that its $STANDARD_INFORMATION allows.</summary>
    public void Set(NtfsFile file, ReadOnlySpan<byte> descriptor)
    {
        var information = file.Information;
        if (information.IsExtended && volume.Information.Is30)
        {
            information.SecurityId = new NtfsSecure(new NtfsSecureFile(volume)).FindOrAdd(descriptor);
            if (file.Find(NtfsAttributeType.SecurityDescriptor) is { } own)
            {
                new NtfsRemoval(volume).Remove(file, own);
            }

            return;
        }

        var attribute = file.Find(NtfsAttributeType.SecurityDescriptor) ?? file.Add(new NtfsAttribute(NtfsAttributeType.SecurityDescriptor, "") { Value = [] });
        var content = new NtfsMetadataContent(volume, file, attribute);
        content.Resize(descriptor.Length);
        content.Write(0, descriptor);
    }
}
