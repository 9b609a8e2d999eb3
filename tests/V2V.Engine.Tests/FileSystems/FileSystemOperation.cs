using V2V.Engine.FileSystems;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>One change, which both the engine and the kernel can be asked for.</summary>
/// <param name="Text">How a failure shows it.</param>
/// <param name="Path">What is changed or made.</param>
/// <param name="Engine">The change through the engine; throws when it is refused.</param>
/// <param name="Kernel">The change through the kernel; returns 0 or an errno.</param>
internal sealed record FileSystemOperation(string Text, string Path, Action<WritableGuestFileSystem> Engine, Func<KernelTree, int> Kernel)
{
    /// <summary>The old path, for a rename.</summary>
    internal string? From { get; private init; }

    internal bool ChangesAttributesOnly => Text.StartsWith("set ", StringComparison.Ordinal);

    internal static FileSystemOperation CreateFile(string path, GuestFileAttributes a) =>
        new($"create {path} {a}", path, fs => fs.CreateFile(path, a), k => k.CreateFile(path, a));

    internal static FileSystemOperation Write(string path, long offset, byte[] data) =>
        new($"write {path} {offset}+{data.Length}", path, fs => fs.Write(path, offset, data), k => k.Write(path, offset, data));

    internal static FileSystemOperation Truncate(string path, long length) =>
        new($"truncate {path} {length}", path, fs => fs.Truncate(path, length), k => k.Truncate(path, length));

    internal static FileSystemOperation CreateDirectory(string path, GuestFileAttributes a) =>
        new($"mkdir {path} {a}", path, fs => fs.CreateDirectory(path, a), k => k.CreateDirectory(path, a));

    internal static FileSystemOperation CreateSymbolicLink(string path, string target, GuestFileAttributes a) =>
        new($"symlink {path} -> {target.Length} characters", path, fs => fs.CreateSymbolicLink(path, target, a), k => k.CreateSymbolicLink(path, target, a));

    internal static FileSystemOperation CreateHardLink(string path, string existing) =>
        new($"link {path} to {existing}", path, fs => fs.CreateHardLink(path, existing), k => k.CreateHardLink(path, existing));

    internal static FileSystemOperation Rename(string from, string to) =>
        new($"rename {from} to {to}", to, fs => fs.Rename(from, to), k => k.Rename(from, to)) { From = from };

    internal static FileSystemOperation Delete(string path) => new($"delete {path}", path, fs => fs.Delete(path), k => k.Delete(path));

    internal static FileSystemOperation SetAttributes(string path, GuestFileAttributes a) =>
        new($"set {path} {a}", path, fs => fs.SetAttributes(path, a), k => k.SetAttributes(path, a));

    internal static FileSystemOperation SetExtendedAttribute(string path, string name, byte[]? value) =>
        new($"xattr {path} {name} = {(value is null ? "removed" : $"{value.Length} bytes")}", path,
            fs => fs.SetExtendedAttribute(path, name, value), k => k.SetExtendedAttribute(path, name, value));
}
