namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>The target of a symbolic link, put together from the component records of its SL entries (RRIP 1.12, 4.1.3.1).</summary>
internal sealed class RockRidgeLink
{
    private const int Continues = 0x01;
    private const int Current = 0x02;
    private const int Parent = 0x04;
    private const int Root = 0x08;

    private readonly List<byte> _target = [];

    /// <summary>The last component goes on, so no separator comes before the next.</summary>
    private bool _isOpen = true;
    private bool _hasAny;

    public string? Text => _hasAny ? GuestText.Decode([.. _target]) : null;

    /// <summary>Adds the components of an SL entry.</summary>
    public void Add(ReadOnlySpan<byte> components)
    {
        while (components.Length >= 2)
        {
            var flags = components[0];
            int length = components[1];
            if (length > components.Length - 2)
            {
                return;
            }

            if (!_isOpen)
            {
                _target.Add((byte)'/');
            }

            _hasAny = true;
            _isOpen = (flags & Continues) != 0;
            if ((flags & Root) != 0)
            {
                _target.Clear();
                _target.Add((byte)'/');
                _isOpen = true;
            }
            else
            {
                _target.AddRange((flags & Current) != 0 ? "."u8 : (flags & Parent) != 0 ? ".."u8 : components.Slice(2, length));
            }

            components = components[(2 + length)..];
        }
    }
}
