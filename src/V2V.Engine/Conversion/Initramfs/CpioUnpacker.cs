using V2V.Engine.FileSystems;
using V2V.Engine.IO;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// Unpacks newc archives into an <see cref="InitramfsTree"/>, taking its input in pieces. It goes through the states of the kernel's own
/// unpacker (write_buffer() in init/initramfs.c), so that it accepts, skips and rejects what the kernel does.
/// </summary>
internal sealed class CpioUnpacker(InitramfsTree tree)
{
    /// <summary>PATH_MAX, for names and link targets.</summary>
    private const int MaxPathLength = 4096;

    /// <summary>Real images have some thousand entries; this stops archives made of nothing but headers.</summary>
    private const int MaxEntries = 200_000;

    private readonly Dictionary<(uint Inode, ulong Device, uint Type), string> _links = [];
    private readonly byte[] _collected = new byte[CpioHeader.Size + (2 * MaxPathLength) + 4];
    private State _state = State.Start;
    private int _collectedLength;
    private int _wanted;
    private long _position;
    private long _nextHeader;
    private long _remainingBody;
    private int _entries;
    private long _keptLength;
    private CpioHeader _header;
    private InitramfsNode? _file;
    private int _contentOffset;
    private uint _sum;

    private enum State
    {
        /// <summary>A header has to stand here.</summary>
        Start,
        Header,
        Name,
        SymbolicLink,
        Body,
        Skip,
        /// <summary>Between entries or archives: zero bytes, a header or something that is not cpio.</summary>
        Reset,
    }

    /// <summary>True between entries and archives; elsewhere the end of the input cuts an archive off.</summary>
    public bool IsComplete => _state is State.Reset;

    /// <summary>Takes the next entries of an uncompressed archive: all that follow each other without anything but zeros between.</summary>
    /// <param name="data">Starts with a header.</param>
    /// <param name="position">Where that is in the image: alignment counts from there.</param>
    /// <returns>How many bytes were used.</returns>
    public int UnpackUncompressed(ReadOnlySpan<byte> data, long position)
    {
        var used = 0;
        _position = position;
        do
        {
            _state = State.Start;
            used += Write(data[used..]);
        }
        while (used < data.Length && data[used] == (byte)'0');
        return used;
    }

    /// <summary>Starts a compressed stream, whose content has positions of its own.</summary>
    public void BeginCompressed() => _position = 0;

    /// <summary>Takes a piece of a compressed stream's content, which is nothing but archives and zero bytes.</summary>
    public void UnpackCompressed(ReadOnlySpan<byte> data)
    {
        if (_entries == 0 && _position == 0 && InitramfsMagic.RecogniseForeign(data) is { } foreign)
        {
            throw InitramfsErrors.Unsupported($"The initramfs holds {foreign} instead of a cpio archive, to which nothing can be added.");
        }

        while (true)
        {
            data = data[Write(data)..];
            if (data.IsEmpty)
            {
                return;
            }

            if (data[0] != (byte)'0')
            {
                throw InitramfsErrors.Malformed("its decompressed content holds something that is not a newc archive");
            }

            _state = State.Start;
        }
    }

    /// <summary>Takes a piece up to the end of an entry and the zeros behind it; returns how much of it was used.</summary>
    private int Write(ReadOnlySpan<byte> data)
    {
        var offset = 0;
        while (true)
        {
            var rest = data[offset..];
            switch (_state)
            {
                case State.Start:
                    Collect(CpioHeader.Size, State.Header);
                    break;
                case State.Header or State.Name or State.SymbolicLink:
                    var taken = Math.Min(_wanted - _collectedLength, rest.Length);
                    rest[..taken].CopyTo(_collected.AsSpan(_collectedLength));
                    _collectedLength += taken;
                    offset += taken;
                    _position += taken;
                    if (_collectedLength < _wanted)
                    {
                        return offset;
                    }

                    Collected();
                    break;
                case State.Body:
                    var body = rest[..(int)Math.Min(_remainingBody, rest.Length)];
                    WriteContent(body);
                    offset += body.Length;
                    _position += body.Length;
                    _remainingBody -= body.Length;
                    if (_remainingBody > 0)
                    {
                        return offset;
                    }

                    EndContent();
                    _state = State.Skip;
                    break;
                case State.Skip:
                    var skipped = (int)Math.Min(_nextHeader - _position, rest.Length);
                    offset += skipped;
                    _position += skipped;
                    if (_position < _nextHeader)
                    {
                        return offset;
                    }

                    _state = State.Reset;
                    break;
                case State.Reset:
                    var zeros = rest.IndexOfAnyExcept((byte)0);
                    zeros = zeros < 0 ? rest.Length : zeros;
                    offset += zeros;
                    _position += zeros;
                    if (zeros < rest.Length && (_position & 3) != 0)
                    {
                        throw InitramfsErrors.Malformed("the padding between two archives is not a multiple of four bytes", _position);
                    }

                    return offset;
                default:
                    throw new InvalidOperationException("Unreachable.");
            }
        }
    }

    private void Collect(int length, State state)
    {
        _collectedLength = 0;
        _wanted = length;
        _state = state;
    }

    private void Collected()
    {
        switch (_state)
        {
            case State.Header:
                TakeHeader();
                break;
            case State.Name:
                TakeName();
                break;
            default:
                TakeSymbolicLink();
                break;
        }
    }

    private void TakeHeader()
    {
        _header = CpioHeader.Parse(_collected.AsSpan(0, CpioHeader.Size), _position - CpioHeader.Size);
        if (++_entries > MaxEntries)
        {
            throw InitramfsErrors.Malformed($"it has more than {MaxEntries} entries");
        }

        if (_header.NameSize is 0 or > MaxPathLength)
        {
            throw InitramfsErrors.Malformed($"an entry's name has {_header.NameSize} bytes", _position);
        }

        // The header's 110 bytes and the name together are padded to a multiple of four.
        var paddedName = (((int)_header.NameSize + 1) & ~3) + 2;
        _nextHeader = (_position + paddedName + _header.FileSize + 3) & ~3L;
        var type = _header.Mode & InitramfsNode.TypeMask;
        if (type == InitramfsNode.SymbolicLink && _header.FileSize <= MaxPathLength)
        {
            Collect(paddedName + (int)_header.FileSize, State.SymbolicLink);
        }
        else if (type == InitramfsNode.RegularFile || _header.FileSize == 0)
        {
            Collect(paddedName, State.Name);
        }
        else
        {
            _state = State.Skip;
        }
    }

    private void TakeName()
    {
        _state = State.Skip;
        var name = ReadName();
        if (name == CpioHeader.TrailerName)
        {
            _links.Clear();
            return;
        }

        switch (_header.Mode & InitramfsNode.TypeMask)
        {
            case InitramfsNode.RegularFile:
                tree.MakeWay(name, _header.Mode);
                if (TryLink(name) is { } isLink && tree.OpenFile(name, _header, truncate: !isLink) is { } file)
                {
                    BeginContent(name, file);
                }

                break;
            case InitramfsNode.Directory:
                tree.MakeWay(name, _header.Mode);
                tree.MakeDirectory(name, _header);
                break;
            case InitramfsNode.BlockDevice or InitramfsNode.CharacterDevice or InitramfsNode.Fifo or InitramfsNode.Socket:
                tree.MakeWay(name, _header.Mode);
                if (TryLink(name) == false)
                {
                    tree.MakeSpecial(name, _header);
                }

                break;
            default:
                // Of no type: the kernel only makes way for it.
                tree.MakeWay(name, _header.Mode);
                break;
        }
    }

    /// <summary>maybe_link(): true when the name became a hard link, false when it stands for itself, null when linking failed.</summary>
    private bool? TryLink(string name)
    {
        if (_header.LinkCount < 2)
        {
            return false;
        }

        var key = (_header.Inode, _header.Device, _header.Mode & InitramfsNode.TypeMask);
        if (_links.TryGetValue(key, out var first))
        {
            return tree.Link(first, name) ? true : null;
        }

        _links.Add(key, name);
        return false;
    }

    private void TakeSymbolicLink()
    {
        _state = State.Skip;
        var name = ReadName();
        var target = _collected.AsSpan(_wanted - (int)_header.FileSize, (int)_header.FileSize);
        var end = target.IndexOf((byte)0);
        tree.MakeSymbolicLink(name, GuestText.Decode(end < 0 ? target : target[..end]), _header);
    }

    private string ReadName()
    {
        var name = _collected.AsSpan(0, (int)_header.NameSize);
        if (name[^1] != 0)
        {
            throw InitramfsErrors.Malformed("an entry's name has no end", _position);
        }

        return GuestText.Decode(name[..name.IndexOf((byte)0)]);
    }

    private void BeginContent(string name, InitramfsNode file)
    {
        _file = file;
        _sum = 0;
        _contentOffset = 0;
        _remainingBody = _header.FileSize;
        _state = State.Body;
        file.KeepsContent |= InitramfsContentOfInterest.Includes(name);
        if (_header.FileSize == 0)
        {
            return;
        }

        file.Length = _header.FileSize;
        file.Checksum = 0;
        file.Content = null;
        if (file.KeepsContent && _header.FileSize <= InitramfsContentOfInterest.MaxLength)
        {
            _keptLength += _header.FileSize;
            if (_keptLength > InitramfsContentOfInterest.MaxTotalLength)
            {
                throw InitramfsErrors.Malformed("its settings and module indexes are larger than any sound image's");
            }

            file.Content = new byte[_header.FileSize];
        }
    }

    private void WriteContent(ReadOnlySpan<byte> content)
    {
        var file = _file!;
        if (file.Content is { } kept)
        {
            content.CopyTo(kept.AsSpan(_contentOffset));
        }

        _contentOffset += content.Length;
        file.Checksum = Crc32C.Append(file.Checksum, content);
        if (_header.Checksum is not null)
        {
            foreach (var value in content)
            {
                _sum += value;
            }
        }
    }

    private void EndContent()
    {
        _file = null;
        if (_header.Checksum is { } checksum && checksum != _sum)
        {
            throw InitramfsErrors.Malformed("the checksum of an entry does not match", _position);
        }
    }
}
