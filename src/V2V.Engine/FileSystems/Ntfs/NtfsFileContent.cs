namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The contents of an attribute as its owner sees them: resident, on clusters, sparse or compressed. Only reads.</summary>
internal sealed class NtfsFileContent(NtfsVolume volume, NtfsFile file, NtfsAttribute attribute) : INtfsContent
{
    private byte[]? _unit;
    private long _unitNumber = -1;

    public long Length => attribute.DataSize;

    /// <summary>True for metadata, whose changes may still be in the cache only.</summary>
    private bool IsCached => attribute.Type != NtfsAttributeType.Data || file.Number < NtfsSystemFile.FirstUser;

    /// <summary>Reads up to <c>buffer.Length</c> bytes; returns how many (0 at the end).</summary>
    /// <exception cref="GuestFileSystemException">It is encrypted, or its compressed data is damaged.</exception>
    public int Read(long offset, Span<byte> buffer)
    {
        if (offset >= attribute.DataSize || buffer.IsEmpty)
        {
            return 0;
        }

        buffer = buffer[..(int)Math.Min(buffer.Length, attribute.DataSize - offset)];
        if (attribute.IsEncrypted)
        {
            throw NtfsErrors.Unsupported(
                $"MFT record {file.Number} is an encrypted file (EFS), which can only be read with its user's key.",
                "Decrypt it in the source guest (cipher /d), or leave it out.");
        }

        if (attribute.Value is { } value)
        {
            value.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
            return buffer.Length;
        }

        var initialized = (int)Math.Clamp(attribute.InitializedSize - offset, 0, buffer.Length);
        buffer[initialized..].Clear();
        if (attribute.IsCompressed)
        {
            ReadCompressed(offset, buffer[..initialized]);
        }
        else
        {
            ReadPlain(offset, buffer[..initialized]);
        }

        return buffer.Length;
    }

    private void ReadPlain(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var run = attribute.Runs!.Find(offset >> volume.Boot.ClusterLog)
                ?? throw NtfsErrors.Corrupt($"MFT record {file.Number} has no cluster for its byte {offset}.");
            var within = offset & (volume.Boot.ClusterSize - 1);
            var part = buffer[..(int)Math.Min(buffer.Length, (run.Length << volume.Boot.ClusterLog) - within)];
            if (run.IsHole)
            {
                part.Clear();
            }
            else if (IsCached)
            {
                volume.Cache.Peek(new ByteRange((run.Lcn << volume.Boot.ClusterLog) + within, part.Length), NtfsPagedStream.PageSizeOf(volume), part);
            }
            else
            {
                volume.Device.Read((run.Lcn << volume.Boot.ClusterLog) + within, part);
            }

            buffer = buffer[part.Length..];
            offset += part.Length;
        }
    }

    /// <summary>
    /// Compressed files are made of units of 16 clusters, each stored in as few clusters as it takes, with a hole for the rest: no hole is
    /// plain data, nothing but a hole is zeros.
    /// </summary>
    private void ReadCompressed(long offset, Span<byte> buffer)
    {
        var unitClusters = 1L << attribute.CompressionUnit;
        var unitSize = (int)(unitClusters << volume.Boot.ClusterLog);
        while (!buffer.IsEmpty)
        {
            var number = offset / unitSize;
            var within = (int)(offset % unitSize);
            var part = buffer[..Math.Min(buffer.Length, unitSize - within)];
            var stored = StoredClusters(number * unitClusters, unitClusters);
            if (stored == 0)
            {
                part.Clear();
            }
            else if (stored == unitClusters)
            {
                ReadPlain(offset, part);
            }
            else
            {
                Unit(number, unitSize, stored).AsSpan(within, part.Length).CopyTo(part);
            }

            buffer = buffer[part.Length..];
            offset += part.Length;
        }
    }

    /// <summary>The contents of a unit; the last one is kept, since files are often read in smaller pieces.</summary>
    private byte[] Unit(long number, int unitSize, long stored)
    {
        _unit ??= new byte[unitSize];
        if (_unitNumber != number)
        {
            _unitNumber = -1;
            var compressed = new byte[stored << volume.Boot.ClusterLog];
            ReadPlain(number * unitSize, compressed);
            Decompress(compressed, _unit, number * unitSize);
            _unitNumber = number;
        }

        return _unit;
    }

    /// <summary>The clusters of a unit that lie on the volume; they come before its hole.</summary>
    private long StoredClusters(long vcn, long count)
    {
        var end = vcn + count;
        long stored = 0;
        var hasHole = false;
        while (vcn < end)
        {
            if (attribute.Runs!.Find(vcn) is not { } run)
            {
                break;
            }

            var length = Math.Min(run.Length, end - vcn);
            if (!run.IsHole && hasHole)
            {
                throw NtfsErrors.Corrupt($"a compressed unit of MFT record {file.Number} has a hole before its data.");
            }

            hasHole |= run.IsHole;
            stored += run.IsHole ? 0 : length;
            vcn += length;
        }

        // The last unit of a file may lack its hole.
        return stored;
    }

    private void Decompress(byte[] compressed, byte[] unit, long offset)
    {
        if (!Compression.Lznt1.TryDecompress(compressed, unit))
        {
            throw NtfsErrors.Corrupt($"the compressed data of MFT record {file.Number} at its byte {offset} is malformed.");
        }
    }
}
