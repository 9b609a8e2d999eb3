using System.Buffers;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// Writes one newc archive that adds to a tree which earlier archives have unpacked. New entries belong to root;
/// none carries a time, so that equal input gives equal output.
/// </summary>
internal sealed class CpioWriter
{
    private const uint DirectoryMode = InitramfsNode.Directory | 0x1ED; // 0755
    private const uint FileMode = InitramfsNode.RegularFile | 0x1A4; // 0644
    private const uint LinkMode = InitramfsNode.SymbolicLink | 0x1FF; // 0777

    private readonly ArrayBufferWriter<byte> _output = new();
    private uint _inode;

    public void AddDirectory(string path) => Add(path, DirectoryMode, 0, 0, []);

    /// <summary>Adds a file at a path where nothing stands.</summary>
    public void AddFile(string path, ReadOnlySpan<byte> content) => Add(path, FileMode, 0, 0, content);

    /// <summary>Adds a symbolic link at a path where nothing stands.</summary>
    public void AddLink(string path, string target) => Add(path, LinkMode, 0, 0, GuestText.Encode(target));

    /// <summary>
    /// Replaces a file. Written straight over it, the kernel would truncate the inode and so change every hard link to it; a symbolic link
    /// of the same name first makes it unlink just this name.
    /// </summary>
    public void ReplaceFile(string path, InitramfsNode existing, ReadOnlySpan<byte> content)
    {
        Add(path, LinkMode, 0, 0, "replaced"u8);
        Add(path, existing.Mode, existing.UserId, existing.GroupId, content);
    }

    /// <summary>Ends the archive and returns it, padded to a multiple of four.</summary>
    public byte[] Complete()
    {
        Add(CpioHeader.TrailerName, 0, 0, 0, []);
        return _output.WrittenSpan.ToArray();
    }

    private void Add(string path, uint mode, uint userId, uint groupId, ReadOnlySpan<byte> content)
    {
        var name = GuestText.Encode(path);
        var header = new CpioHeader
        {
            Inode = mode == 0 ? 0 : ++_inode,
            Mode = mode,
            UserId = userId,
            GroupId = groupId,
            LinkCount = 1,
            FileSize = (uint)content.Length,
            NameSize = (uint)name.Length + 1,
        };
        _output.Write(header.ToBytes());
        _output.Write(name);
        _output.Write((ReadOnlySpan<byte>)[0]);
        Pad();
        _output.Write(content);
        Pad();
    }

    private void Pad() => _output.Write((ReadOnlySpan<byte>)stackalloc byte[-_output.WrittenCount & 3]);
}
