using System.Buffers.Binary;
using System.Security.Cryptography;

namespace V2V.Engine.Targets.Resume;

/// <summary>
/// How far the copy of a disk is, beside the journal of its run: a header, then the chunks that were copied, by each checkpoint those that have come since the one
/// before. What a checkpoint adds is a frame: its length (4 bytes), its bytes, and 32 bytes of SHA-256 over those and the digest of the frame before it. A
/// frame that a killed run could not finish, and whatever is behind a damaged one, is not there. All numbers are little-endian.
/// </summary>
internal sealed class CheckpointFile : IDisposable
{
    public const string Extension = ".checkpoint";

    private const string NewSuffix = ".new";
    private const int DigestSize = SHA256.HashSizeInBytes;

    /// <summary>A frame takes some 40 bytes for a chunk; longer lists of chunks become several.</summary>
    private const int MaximumFrame = 64 << 20;

    private const int ChunksPerFrame = 4096;

    private static readonly byte[] Magic = "V2V copy 1\n"u8.ToArray();

    private readonly FileStream _file;
    private byte[] _digest;

    private CheckpointFile(FileStream file, byte[] digest)
    {
        _file = file;
        _digest = digest;
    }

    /// <summary>Makes the file, or replaces it by one that is complete from the moment on in which it is there.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write it.</exception>
    public static CheckpointFile Create(string path, CheckpointHeader header, IReadOnlyList<CopiedChunk> chunks)
    {
        var temporary = path + NewSuffix;
        var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.Read);
        try
        {
            stream.Write(Magic);
            var file = new CheckpointFile(stream, SHA256.HashData(Magic));
            file.WriteFrame(header.ToBytes());
            file.Add(chunks);
            File.Move(temporary, path, overwrite: true);
            return file;
        }
        catch
        {
            stream.Dispose();
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Adds chunks, which are on stable storage when this returns. Their data has to be before.</summary>
    public void Add(IReadOnlyList<CopiedChunk> chunks)
    {
        for (var first = 0; first < chunks.Count; first += ChunksPerFrame)
        {
            WriteFrame(ToBytes(chunks.Skip(first).Take(ChunksPerFrame)));
        }

        _file.Flush(flushToDisk: true);
    }

    /// <summary>The header alone; null when there is no file, or none that can be read.</summary>
    public static CheckpointHeader? ReadHeader(string path)
    {
        try
        {
            using var file = Open(path);
            return new FrameReader(file).Next() is { } frame ? CheckpointHeader.FromBytes(frame) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>The chunks of all frames that are whole.</summary>
    /// <exception cref="InvalidDataException">A frame is whole, but not of this kind.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static List<CopiedChunk> ReadChunks(string path)
    {
        using var file = Open(path);
        var frames = new FrameReader(file);
        frames.Next(); // The header's.
        List<CopiedChunk> chunks = [];
        while (frames.Next() is { } frame)
        {
            AddChunks(frame, chunks);
        }

        return chunks;
    }

    public void Dispose() => _file.Dispose();

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private void WriteFrame(byte[] bytes)
    {
        _digest = Digest(_digest, bytes);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        _file.Write(length);
        _file.Write(bytes);
        _file.Write(_digest);
    }

    private static byte[] Digest(byte[] previous, byte[] bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(previous);
        hash.AppendData(bytes);
        return hash.GetHashAndReset();
    }

    private static byte[] ToBytes(IEnumerable<CopiedChunk> chunks)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        foreach (var chunk in chunks)
        {
            writer.Write(chunk.Offset);
            writer.Write(chunk.Length);
            writer.Write(chunk.Checksum);
            writer.Write7BitEncodedInt(chunk.Places.Length);
            foreach (var place in chunk.Places)
            {
                writer.Write7BitEncodedInt64(place.Offset - chunk.Offset);
                writer.Write7BitEncodedInt(place.Length);
                writer.Write7BitEncodedInt64(place.Host);
            }
        }

        writer.Flush();
        return bytes.ToArray();
    }

    private static void AddChunks(byte[] frame, List<CopiedChunk> chunks)
    {
        using var reader = new BinaryReader(new MemoryStream(frame));
        try
        {
            while (reader.BaseStream.Position < frame.Length)
            {
                var (offset, length, checksum) = (reader.ReadInt64(), reader.ReadInt32(), reader.ReadUInt64());
                var count = reader.Read7BitEncodedInt();
                if (count < 0 || count > frame.Length)
                {
                    throw new InvalidDataException("It has a chunk of more places than it has bytes.");
                }

                var places = count == 0 ? [] : new PlacedRun[count];
                for (var i = 0; i < count; i++)
                {
                    places[i] = new PlacedRun(offset + reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt(), reader.Read7BitEncodedInt64());
                }

                chunks.Add(new CopiedChunk(offset, length, checksum, places));
            }
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException)
        {
            throw new InvalidDataException("A chunk of it is cut short.", e);
        }
    }

    private sealed class FrameReader
    {
        private readonly Stream _stream;
        private byte[]? _digest;

        public FrameReader(Stream stream)
        {
            _stream = stream;
            var magic = new byte[Magic.Length];
            var isOurs = stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.AsSpan().SequenceEqual(Magic);
            _digest = isOurs ? SHA256.HashData(magic) : null;
        }

        /// <summary>The next whole frame's bytes; null when there is none.</summary>
        public byte[]? Next()
        {
            Span<byte> field = stackalloc byte[sizeof(int)];
            if (_digest is null || _stream.ReadAtLeast(field, field.Length, throwOnEndOfStream: false) < field.Length)
            {
                return End();
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(field);
            if (length < 0 || length > MaximumFrame || length > _stream.Length - _stream.Position - DigestSize)
            {
                return End();
            }

            var bytes = new byte[length];
            var digest = new byte[DigestSize];
            _stream.ReadExactly(bytes);
            _stream.ReadExactly(digest);
            var expected = Digest(_digest, bytes);
            if (!digest.AsSpan().SequenceEqual(expected))
            {
                return End();
            }

            _digest = expected;
            return bytes;
        }

        /// <summary>What is behind a frame that is not whole was written by nobody.</summary>
        private byte[]? End()
        {
            _digest = null;
            return null;
        }
    }
}
