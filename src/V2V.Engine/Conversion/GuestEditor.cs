using System.Buffers.Binary;
using System.Security.Cryptography;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion;

/// <summary>
/// Reads and writes files of a guest, following its links, and records every change. New files take root as owner, the given mode and the
/// SELinux label that the guest's policy gives to their path, or that of the directory that they are created in.
/// </summary>
public sealed class GuestEditor(GuestRoot root, ICollection<ConversionChange> changes)
{
    private const string SELinuxAttribute = "security.selinux";

    private const string NtfsAttributes = "system.ntfs_attrib";

    /// <summary>FILE_ATTRIBUTE_SPARSE_FILE, REPARSE_POINT, COMPRESSED, OFFLINE, ENCRYPTED ([MS-FSCC] 2.6).</summary>
    private const uint NotPlain = 0x200 | 0x400 | 0x800 | 0x1000 | 0x4000;

    private readonly Lazy<SELinuxFileContexts?> _policy = new(() => SELinuxFileContexts.Of(root));

    public GuestRoot Root { get; } = root;

    /// <summary>How paths are spelled in the record of changes.</summary>
    internal Func<string, string>? Show { get; init; }

    /// <summary>Display name of the volume, when it is no part of the guest's tree.</summary>
    internal string? Volume { get; init; }

    /// <summary>A path as the record of changes spells it.</summary>
    internal string Display(string path) => Show?.Invoke(path) ?? path;

    public string? TryReadAllText(string path) => Root.TryReadAllText(path);

    /// <summary>Replaces or creates a text file. Nothing happens, and nothing is recorded, when it has this content already.</summary>
    public void WriteAllText(string path, string content, string what, string why, int mode = 0x1A4 /* 0644 */) =>
        WriteAllBytes(path, GuestText.Encode(content), what, why, mode);

    public void WriteAllBytes(string path, ReadOnlySpan<byte> content, string what, string why, int mode = 0x1A4)
    {
        if (Root.Find(path) is { } existing)
        {
            var present = Root.Resolve(path);
            if (HasContent(present, existing, content))
            {
                return;
            }

            present.Writable.WriteAllBytes(present.Path, content);
            changes.Add(Change(ChangeKind.Modified, present, what, why) with { ContentHash = SHA256.HashData(content) });
            return;
        }

        // The directory of a dangling link's target may be missing as well as the path's own.
        CreateDirectories(Parent(path), why);
        if (Root.TryReadLink(path) is { } target)
        {
            CreateDirectories(Parent(target.StartsWith('/') ? target : $"{Parent(path)}/{target}"), why);
        }

        var at = Root.Resolve(path);
        Create(at, content, new GuestFileAttributes { Mode = mode });
        changes.Add(Change(ChangeKind.Created, at, what, why) with { ContentHash = SHA256.HashData(content) });
    }

    /// <summary>
    /// Writes a file that was not there before: one of this name is deleted first. Its other names keep the old content, as the copies that
    /// Windows links into its component store, and a form that it was stored in (compressed, in a catalogue of compressed files) goes with it.
    /// </summary>
    public void WriteNewFile(string path, ReadOnlySpan<byte> content, string what, string why)
    {
        if (Root.Find(path) is { } existing)
        {
            var present = Root.Resolve(path);
            if (HasContent(present, existing, content) && IsPlain(present))
            {
                return;
            }

            present.Writable.Delete(present.Path);
            Create(present, content, new GuestFileAttributes());
            changes.Add(Change(ChangeKind.Modified, present, what, why) with { ContentHash = SHA256.HashData(content) });
        }
        else
        {
            WriteAllBytes(path, content, what, why);
        }
    }

    /// <summary>
    /// Replaces a file by writing a new one beside it and renaming it into place, keeping owner, mode and label. Hard links and readers of the
    /// old file keep the old content, which is what an initramfs wants.
    /// </summary>
    public void Replace(string path, ReadOnlySpan<byte> content, string what, string why)
    {
        var at = Root.Resolve(path);
        var existing = at.FileSystem.Find(at.Path) ?? throw new ArgumentException($"{path} does not exist.", nameof(path));
        if (HasContent(at, existing, content))
        {
            return;
        }

        var writable = at.Writable;
        var temporary = at.Path + ".v2v-new";
        if (writable.Find(temporary) is not null)
        {
            writable.Delete(temporary);
        }

        writable.CreateFile(temporary, new GuestFileAttributes { Mode = existing.Mode, UserId = existing.UserId, GroupId = existing.GroupId });
        try
        {
            writable.Write(temporary, 0, content);
            foreach (var (name, value) in writable.ExtendedAttributes(at.Path))
            {
                writable.SetExtendedAttribute(temporary, name, value);
            }
        }
        catch (GuestFileSystemException)
        {
            writable.Delete(temporary);
            throw;
        }

        writable.Rename(temporary, at.Path);
        changes.Add(Change(ChangeKind.Modified, at, what, why) with { ContentHash = SHA256.HashData(content) });
    }

    /// <summary>Writes a file of any length anew; one of this name is deleted first.</summary>
    /// <param name="path">Guest path.</param>
    /// <param name="content">Read to its end.</param>
    /// <param name="what">For the record of changes.</param>
    /// <param name="why">Likewise.</param>
    public void WriteStream(string path, Stream content, string what, string why)
    {
        Delete(path, why);
        CreateDirectories(Parent(path), why);
        var at = Root.Resolve(path);
        at.Writable.CreateFile(at.Path, new GuestFileAttributes { Mode = 0x1A4 /* 0644 */ });
        SetLabel(at, GuestFileType.Regular);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        for (long done = 0; content.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) is > 0 and var read; done += read)
        {
            at.Writable.Write(at.Path, done, buffer.AsSpan(0, read));
            hash.AppendData(buffer, 0, read);
        }

        changes.Add(Change(ChangeKind.Created, at, what, why) with { ContentHash = hash.GetHashAndReset() });
    }

    /// <summary>Makes a symbolic link; a file or link of this name is replaced, a directory is not.</summary>
    public void CreateSymbolicLink(string path, string target, string what, string why)
    {
        CreateDirectories(Parent(path), why);
        var at = Root.Resolve(path, followLast: false);
        var existing = at.FileSystem.Find(at.Path);
        if (existing is not null)
        {
            if (existing.IsSymbolicLink && at.FileSystem.ReadLink(at.Path) == target)
            {
                return;
            }

            if (existing.IsDirectory)
            {
                throw new GuestFileSystemException(V2VError.GuestPathExists, $"{at.GuestPath} is a directory where a link to {target} is needed.") { Path = at.GuestPath };
            }

            at.Writable.Delete(at.Path);
        }

        at.Writable.CreateSymbolicLink(at.Path, target, new GuestFileAttributes());
        SetLabel(at, GuestFileType.SymbolicLink);
        changes.Add(Change(existing is null ? ChangeKind.Created : ChangeKind.Modified, at, what, why));
    }

    /// <summary>Deletes a file or link if it is there.</summary>
    public void Delete(string path, string why)
    {
        if (Root.FindNoFollow(path) is null)
        {
            return;
        }

        var at = Root.Resolve(path, followLast: false);
        at.Writable.Delete(at.Path);
        changes.Add(Change(ChangeKind.Deleted, at, "deleted", why));
    }

    public void CreateDirectories(string path, string why)
    {
        if (path == "/" || Root.DirectoryExists(path))
        {
            return;
        }

        CreateDirectories(Parent(path), why);
        var at = Root.Resolve(path);
        at.Writable.CreateDirectory(at.Path, new GuestFileAttributes { Mode = 0x1ED /* 0755 */ });
        SetLabel(at, GuestFileType.Directory);
        changes.Add(Change(ChangeKind.Created, at, "directory created", why));
    }

    private ConversionChange Change(ChangeKind kind, GuestLocation at, string what, string why) => Show is null
        ? new ConversionChange(kind, at.GuestPath, what, why)
        : new ConversionChange(kind, Show(at.GuestPath), what, why) { GuestPath = at.GuestPath, Volume = Volume };

    private void Create(GuestLocation at, ReadOnlySpan<byte> content, GuestFileAttributes attributes)
    {
        at.Writable.CreateFile(at.Path, attributes);
        at.Writable.WriteAllBytes(at.Path, content);
        SetLabel(at, GuestFileType.Regular);
    }

    /// <summary>False for files that NTFS keeps in another form than as they are, which a boot loader may be unable to read.</summary>
    private static bool IsPlain(GuestLocation at) =>
        !at.FileSystem.ExtendedAttributes(at.Path).TryGetValue(NtfsAttributes, out var value) || value.Length < sizeof(uint)
        || (BinaryPrimitives.ReadUInt32LittleEndian(value) & NotPlain) == 0;

    private static bool HasContent(GuestLocation at, GuestFile file, ReadOnlySpan<byte> content) =>
        file.Length == content.Length && at.FileSystem.ReadAllBytes(at.Path).AsSpan().SequenceEqual(content);

    /// <summary>Where the directory has no label the file system has none, or all of it has to be labelled by the guest.</summary>
    private void SetLabel(GuestLocation at, GuestFileType type)
    {
        if (at.FileSystem.ExtendedAttributes(Parent(at.Path)).TryGetValue(SELinuxAttribute, out var inherited))
        {
            at.Writable.SetExtendedAttribute(at.Path, SELinuxAttribute, _policy.Value?.Label(at.GuestPath, type) ?? inherited);
        }
    }

    private static string Parent(string path)
    {
        var slash = path.TrimEnd('/').LastIndexOf('/');
        return slash <= 0 ? "/" : path[..slash];
    }
}
