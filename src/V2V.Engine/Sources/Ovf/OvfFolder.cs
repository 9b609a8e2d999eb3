using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Ovf;

/// <summary>An OVF package as files in a folder.</summary>
internal sealed class OvfFolder(string descriptorPath, SourceOptions options) : OvfPackage
{
    private readonly GuestFolder _folder = new(descriptorPath, options);

    public override string DescriptorPath => descriptorPath;

    public override byte[] ReadDescriptor() => DescriptorFile.Read(descriptorPath, OvfDescriptor.Format);

    public override OvfManifest? ReadManifest()
    {
        var path = Path.ChangeExtension(descriptorPath, ".mf");
        return File.Exists(path) ? OvfManifest.Parse(path, DescriptorFile.Read(path, "OVF manifest")) : null;
    }

    public override Func<DiskFile>? Find(string name)
    {
        var path = _folder.Resolve(name);
        return File.Exists(path) ? () => HostFile.Open(path) : null;
    }
}
