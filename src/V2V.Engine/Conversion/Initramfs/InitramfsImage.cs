using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>The bytes of an initramfs file, with room behind them so that adding a few modules does not copy the image.</summary>
internal sealed class InitramfsImage
{
    /// <summary>Distributions' images have 10 to 130 MB; the memory for one is bounded by this.</summary>
    private const int MaxLength = 192 << 20;

    /// <summary>The virtio modules and merged indexes take about 1 MB where modules are uncompressed.</summary>
    private const int Room = 4 << 20;

    private byte[] _buffer;

    public InitramfsImage(ReadOnlySpan<byte> content)
    {
        _buffer = content.ToArray();
        Length = content.Length;
    }

    private InitramfsImage(byte[] buffer, int length)
    {
        _buffer = buffer;
        Length = length;
    }

    public int Length { get; private set; }

    public ArraySegment<byte> Content => new(_buffer, 0, Length);

    /// <summary>Reads a guest's file.</summary>
    /// <exception cref="V2VException">It is missing, cannot be read, or larger than any initramfs.</exception>
    public static InitramfsImage Read(GuestRoot root, string path)
    {
        var at = root.Resolve(path);
        if (at.FileSystem.Find(at.Path) is not { IsRegular: true } file)
        {
            throw InitramfsErrors.Unsupported($"The initramfs {path} does not exist in the guest.");
        }

        if (file.Length > MaxLength)
        {
            throw InitramfsErrors.Unsupported($"The initramfs {path} has {file.Length} bytes; V2V extends images of up to {MaxLength} bytes.");
        }

        var buffer = new byte[file.Length + Room];
        var length = 0;
        int read;
        while (length < file.Length && (read = at.FileSystem.Read(at.Path, length, buffer.AsSpan(length, (int)file.Length - length))) > 0)
        {
            length += read;
        }

        return new InitramfsImage(buffer, length);
    }

    /// <summary>Adds bytes at the end.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        if (data.Length > _buffer.Length - Length)
        {
            Array.Resize(ref _buffer, checked(Length + data.Length + Room));
        }

        data.CopyTo(_buffer.AsSpan(Length));
        Length += data.Length;
    }

    /// <summary>Takes back what was added behind the first <paramref name="length"/> bytes.</summary>
    public void Truncate(int length) => Length = Math.Min(Length, length);

    /// <summary>Adds zeros up to a multiple of four: an uncompressed archive is only found there.</summary>
    public void Align() => Append(stackalloc byte[-Length & 3]);
}
