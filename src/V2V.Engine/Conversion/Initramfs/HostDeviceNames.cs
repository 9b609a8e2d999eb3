using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// Finds what an image made for one machine only remembers of that machine's disks, and corrects it: an image that waits for
/// /dev/disk/by-id/scsi-36000c29... waits for ever on KVM. Names that come along with the disk (UUID, LABEL, LVM) stay as they are.
/// </summary>
internal sealed partial class HostDeviceNames
{
    private const string UnitDirectory = "etc/systemd/system";

    /// <summary>Where dracut has kept its hooks: up to version 102 in lib, later in var/lib; version 004 in the root.</summary>
    private static readonly string[] s_finishedHooks =
        ["lib/dracut/hooks/initqueue/finished", "usr/lib/dracut/hooks/initqueue/finished", "var/lib/dracut/hooks/initqueue/finished", "initqueue/finished"];

    private static readonly string[] s_lvmFiles = ["etc/lvm/lvm.conf", "etc/lvm/lvmlocal.conf"];

    private static readonly string[] s_argumentFiles = ["etc/cmdline", "etc/cmdline.d"];

    private readonly InitramfsTree _tree;
    private readonly IImageDeviceNames _names;
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private readonly List<string> _maskedUnits = [];
    private readonly List<string> _changes = [];

    private HostDeviceNames(InitramfsTree tree, IImageDeviceNames names)
    {
        _tree = tree;
        _names = names;
    }

    /// <summary>New text of files, by path without links.</summary>
    public IReadOnlyDictionary<string, string> Texts => _texts;

    /// <summary>Paths of systemd units that have to become links to /dev/null.</summary>
    public IReadOnlyList<string> MaskedUnits => _maskedUnits;

    /// <summary>What was done, for the report.</summary>
    public IReadOnlyList<string> Changes => _changes;

    /// <param name="tree">What the image unpacks to.</param>
    /// <param name="names">Knows what becomes of each name.</param>
    /// <exception cref="ConversionException">Something that is needed to boot is named in a way for which there is no replacement.</exception>
    public static HostDeviceNames Correct(InitramfsTree tree, IImageDeviceNames names)
    {
        var corrections = new HostDeviceNames(tree, names);
        corrections.EditAll(s_argumentFiles, text => text.Arguments);
        corrections.EditAll(s_finishedHooks, text => text.Hook);
        corrections.EditAll(["etc/crypttab", "cryptroot/crypttab", "conf/conf.d/cryptroot"], text => text.Crypttab);
        corrections.EditAll(["etc/fstab", "etc/fstab.sys"], text => text.Fstab);
        corrections.EditAll(["conf/conf.d", "conf/param.conf", "conf/initramfs.conf"], text => text.InitramfsToolsVariable);
        corrections.EditAll(["config"], text => text.MkinitrdVariable);
        if (InitramfsGenerators.Recognise(tree) == InitramfsGenerator.Nash)
        {
            corrections.EditAll([NashScript.Path], text => text.NashCommand);
        }

        corrections.EditLvm();
        corrections.MaskUnits();
        return corrections;
    }

    /// <summary>Edits files, and those that stand in directories.</summary>
    private void EditAll(string[] places, Func<HostDeviceText, Func<string, string>> choose)
    {
        foreach (var path in places.SelectMany(p => _tree.FileExists(p) ? [_tree.RealPath(p)!] : _tree.Enumerate(p).Where(e => e.Node.IsRegular).Select(e => e.Path)).Distinct())
        {
            var edit = choose(new HostDeviceText(_names, path));
            EditText(path, text => TextLines.Edit(text, edit));
        }
    }

    /// <summary>A filter that accepts disks by their old names hides every physical volume on the new ones.</summary>
    private void EditLvm()
    {
        foreach (var path in s_lvmFiles.Select(p => _tree.RealPath(p)).OfType<string>())
        {
            EditText(path, text => _names.CorrectLvm(text, path));
        }
    }

    private void EditText(string path, Func<string, string> edit)
    {
        // crypttab may be one of the files in conf.d, which were edited before.
        if ((_texts.GetValueOrDefault(path) ?? _tree.ReadText(path)) is { } text && edit(text) is var edited && edited != text)
        {
            if (!_texts.ContainsKey(path))
            {
                _changes.Add($"/{path} corrected");
            }

            _texts[path] = edited;
        }
    }

    /// <summary>
    /// systemd's form of the hooks: initrd.target wants the unit of a device. A link can't be deleted by what is unpacked later, but a unit
    /// that is masked is no longer waited for.
    /// </summary>
    private void MaskUnits()
    {
        var directory = _tree.RealPath(UnitDirectory);
        foreach (var (path, node) in _tree.Enumerate(UnitDirectory).Where(e => e.Node.IsSymbolicLink && e.Path.EndsWith(".device", StringComparison.Ordinal)))
        {
            var parts = path.Split('/');
            var unit = parts[^1];
            if (_names.IsLasting(DevicePath(unit)) || node.LinkTarget == "/dev/null")
            {
                continue;
            }

            if (parts[^2].EndsWith(".requires", StringComparison.Ordinal))
            {
                throw InitramfsErrors.Unsupported(
                    $"The initramfs requires {DevicePath(unit)} of the old machine ({path}).",
                    "Rebuild it in the guest with \"dracut -f --no-hostonly-cmdline\" before converting it.");
            }

            var mask = $"{directory}/{unit}";
            if (parts[^2].EndsWith(".wants", StringComparison.Ordinal) && _tree.Find(mask, followLast: false) is null && !_maskedUnits.Contains(mask))
            {
                _maskedUnits.Add(mask);
                _changes.Add($"{DevicePath(unit)} no longer waited for");
            }
        }
    }

    /// <summary>The path that a device unit stands for: '-' is a slash, "\x2d" a byte (systemd.unit(5), "String Escaping").</summary>
    private static string DevicePath(string unit) => "/" + EscapedByte().Replace(
        unit[..^".device".Length].Replace('-', '/'),
        match => ((char)byte.Parse(match.ValueSpan[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString());

    [GeneratedRegex(@"\\x[0-9a-fA-F]{2}")]
    private static partial Regex EscapedByte();
}
