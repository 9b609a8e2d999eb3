namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>
/// The contents of an attribute that belongs to the file system: the allocation and bitmap of an index, $SDS, the MFT's bitmap. Reads and
/// writes go through the cache, so that they are undone with the operation. It becomes non-resident when it gets long.
/// </summary>
internal sealed class NtfsMetadataContent(NtfsVolume volume, NtfsFile file, NtfsAttribute attribute)
{
    public long Length => attribute.DataSize;

    /// <summary>The most that is kept in the MFT record.</summary>
    private int MaxResident => volume.Boot.RecordSize / 4;

    public void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        if (attribute.Value is { } value)
        {
            value.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
        }
        else
        {
            // What Windows has allocated and not written yet reads as zeros, whatever stands there.
            var written = (int)Math.Clamp(attribute.InitializedSize - offset, 0, buffer.Length);
            new NtfsPagedStream(volume, attribute).Read(offset, buffer[..written]);
            buffer[written..].Clear();
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        if (attribute.Value is { } value)
        {
            data.CopyTo(value.AsSpan((int)offset));
            file.MarkDirty();
        }
        else
        {
            var stream = new NtfsPagedStream(volume, attribute);
            var initialized = attribute.InitializedSize;
            if (offset + data.Length > initialized)
            {
                stream.Clear(initialized, Math.Max(0, offset - initialized));
                attribute.InitializedSize = offset + data.Length;
                file.MarkDirty();
            }

            stream.Write(offset, data);
        }
    }

    /// <summary>Sets the length; what is added is zeros.</summary>
    public void Resize(long length)
    {
        file.MarkDirty();
        if (attribute.Value is { } value)
        {
            if (length <= MaxResident)
            {
                Array.Resize(ref value, (int)length);
                attribute.Value = value;
                return;
            }

            MakeNonResident();
        }

        var old = attribute.DataSize;
        var space = new NtfsClusterSpace(volume, file, attribute);
        var clusters = (length + volume.Boot.ClusterSize - 1) >> volume.Boot.ClusterLog;
        space.Resize(length < old ? clusters : Math.Max(clusters, attribute.Runs!.Length));
        var initialized = Math.Min(old, attribute.InitializedSize);
        attribute.DataSize = attribute.InitializedSize = length;
        if (length > initialized)
        {
            new NtfsPagedStream(volume, attribute).Clear(initialized, length - initialized);
        }
    }

    /// <summary>Moves the contents to clusters of their own.</summary>
    public void MakeNonResident()
    {
        var value = attribute.Value!;
        attribute.Value = null;
        attribute.ResidentFlags = 0;
        attribute.Runs = new NtfsRunList();
        attribute.AllocatedSize = 0;
        new NtfsClusterSpace(volume, file, attribute).Resize((value.Length + volume.Boot.ClusterSize - 1) >> volume.Boot.ClusterLog);
        attribute.DataSize = attribute.InitializedSize = value.Length;
        new NtfsPagedStream(volume, attribute).Write(0, value);
        file.MarkDirty();
    }

    private void CheckRange(long offset, int length)
    {
        if (offset < 0 || offset > attribute.DataSize - length)
        {
            throw NtfsErrors.Corrupt($"attribute 0x{(uint)attribute.Type:X} {attribute.Name} of MFT record {file.Number} ends at byte {attribute.DataSize}, before {offset + length}.");
        }
    }
}
