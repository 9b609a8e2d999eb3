using System.Text.RegularExpressions;
using V2V.Engine.Conversion.Initramfs;

namespace V2V.Engine.Tests.Conversion.Initramfs;

/// <summary>Disks whose names are replaced by a list; what is not in it was a disk of the old machine if it is called like one.</summary>
internal sealed class KnownDisks(params (string Device, string Name)[] known) : IImageDeviceNames
{
    public static readonly KnownDisks None = new();

    public bool IsLasting(string device) => !Regex.IsMatch(device, "^/dev/(disk/by-(id|path)/|sd|xvd|hd)");

    public string? Replace(string device, string file, string? expectedKind) => known.FirstOrDefault(k => k.Device == device).Name;

    public bool IsOnCommandLine(string argument) => false;

    public string CorrectLvm(string text, string file) => text.Replace("/dev/sda", "/dev/vda", StringComparison.Ordinal);
}
