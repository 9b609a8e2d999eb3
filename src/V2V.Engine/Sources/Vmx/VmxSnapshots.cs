using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Vmx;

/// <summary>The list of snapshots that VMware keeps beside a guest's .vmx file, in a .vmsd file of the same form.</summary>
internal static class VmxSnapshots
{
    /// <summary>Nobody can have more: 32 in a chain, and chains for each disk; the number is for people to read.</summary>
    private const int Maximum = 10_000;

    /// <summary>How many there are; 0 when there is no list, or one that cannot be read: nothing but the number depends on it.</summary>
    public static int Count(SourceFile descriptor, GuestFolder folder)
    {
        try
        {
            var name = Path.ChangeExtension(StoreName.Base(descriptor.Name), ".vmsd");
            if (folder.Find(name).Open is not { } open)
            {
                return 0;
            }

            using var list = open();
            if (list.Length > SourceFile.MaximumDescriptorLength)
            {
                return 0;
            }

            var content = new byte[list.Length];
            list.Read(0, content);
            return VmxFile.Parse(list.Path, content).TryGetNumber("snapshot.numSnapshots", out var count) ? (int)Math.Clamp(count, 0, Maximum) : 0;
        }
        catch (V2VException)
        {
            return 0;
        }
    }
}
