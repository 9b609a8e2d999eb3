using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Clusters in a row; a hole has no number.</summary>
internal sealed record NtfsCheckedRun(long? Cluster, long Length);

/// <summary>An attribute as <see cref="NtfsVolumeChecker"/> reads it.</summary>
internal sealed record NtfsCheckedAttribute(int Type, string Name, int Instance, bool IsResident, byte[] Value)
{
    public List<NtfsCheckedRun> Runs { get; } = [];

    public long LowestVcn { get; init; }

    public long HighestVcn { get; set; }

    public long AllocatedSize { get; init; }

    public long Size { get; init; }

    public long InitializedSize { get; init; }

    public long? CompressedSize { get; init; }
}

/// <summary>A file record as <see cref="NtfsVolumeChecker"/> reads it, its own structure checked.</summary>
internal sealed class NtfsCheckedRecord
{
    private readonly Action<string> _report;

    internal NtfsCheckedRecord(long number, byte[] bytes, Action<string> report)
    {
        Number = number;
        _report = text => report($"record {number}: {text}");
        if (!Restore(bytes, _report))
        {
            return;
        }

        var flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(0x16));
        var reference = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(0x20));
        (IsInUse, IsDirectory) = ((flags & 1) != 0, (flags & 2) != 0);
        Sequence = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(0x10));
        LinkCount = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(0x12));
        IsExtension = reference != 0;
        (BaseRecord, BaseSequence) = ((long)(reference & 0xFFFF_FFFF_FFFF), (int)(reference >> 48));
        if (IsInUse)
        {
            ReadAttributes(bytes);
        }
    }

    internal long Number { get; }

    internal bool IsInUse { get; }

    internal bool IsDirectory { get; }

    internal int Sequence { get; }

    internal int LinkCount { get; }

    /// <summary>True when it goes on with <see cref="BaseRecord"/>, which may be record 0.</summary>
    internal bool IsExtension { get; }

    internal long BaseRecord { get; }

    internal int BaseSequence { get; }

    internal List<NtfsCheckedAttribute> Attributes { get; } = [];

    /// <summary>Puts back the last two bytes of every 512, which the update sequence array keeps.</summary>
    internal static bool Restore(byte[] bytes, Action<string> report)
    {
        var at = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(4));
        var count = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(6));
        if (count != (bytes.Length / 512) + 1 || at + (count * 2) > 510 || at % 2 != 0)
        {
            report($"its update sequence has {count} numbers at {at}");
            return false;
        }

        for (var i = 1; i < count; i++)
        {
            var end = bytes.AsSpan((i * 512) - 2, 2);
            if (!end.SequenceEqual(bytes.AsSpan(at, 2)))
            {
                report($"sector {i} was not written with the others");
                return false;
            }

            bytes.AsSpan(at + (i * 2), 2).CopyTo(end);
        }

        return true;
    }

    private void ReadAttributes(byte[] bytes)
    {
        var used = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(0x18));
        if (used > bytes.Length || used % 8 != 0 || BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(0x1C)) != bytes.Length)
        {
            _report($"it uses {used} of {BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(0x1C))} bytes");
            return;
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(4)) >= 0x30 && BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(0x2C)) != Number)
        {
            _report($"it says that it is {BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(0x2C))}");
        }

        int at = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(0x14));
        var next = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(0x28));
        while (at + 4 <= used && BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at)) != 0xFFFFFFFF)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at + 4));
            if (length < 24 || length % 8 != 0 || at + length > used)
            {
                _report($"the attribute at {at} is {length} bytes long");
                return;
            }

            var attribute = ReadAttribute(bytes.AsSpan(at, length));
            if (Attributes.LastOrDefault() is { } last
                && (last.Type > attribute.Type || (last.Type == attribute.Type && last.Name == attribute.Name && last.LowestVcn > attribute.LowestVcn)
                    || (last.Type == attribute.Type && string.Compare(last.Name, attribute.Name, StringComparison.OrdinalIgnoreCase) > 0)))
            {
                _report($"attribute {attribute.Type:x} '{attribute.Name}' comes after {last.Type:x} '{last.Name}'");
            }

            if (Attributes.Any(a => a.Instance == attribute.Instance) || attribute.Instance >= next)
            {
                _report($"attribute {attribute.Type:x} has instance {attribute.Instance} again, or beyond the next one, {next}");
            }

            Attributes.Add(attribute);
            at += length;
        }

        if (at + 8 != used)
        {
            _report($"its attributes end at {at}, and it uses {used} bytes");
        }
    }

    private NtfsCheckedAttribute ReadAttribute(Span<byte> raw)
    {
        var type = BinaryPrimitives.ReadInt32LittleEndian(raw);
        var name = Encoding.Unicode.GetString(raw.Slice(BinaryPrimitives.ReadUInt16LittleEndian(raw[10..]), raw[9] * 2));
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(raw[12..]);
        var instance = BinaryPrimitives.ReadUInt16LittleEndian(raw[14..]);
        if (raw[8] == 0)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(raw[16..]);
            var offset = BinaryPrimitives.ReadUInt16LittleEndian(raw[20..]);
            if (offset + length > raw.Length || offset % 8 != 0)
            {
                _report($"attribute {type:x} has {length} bytes at {offset} of {raw.Length}");
                length = 0;
            }

            if ((raw[22] == 1) != (type == 0x30))
            {
                _report($"attribute {type:x} is {(raw[22] == 1 ? "" : "not ")}marked as indexed");
            }

            return new NtfsCheckedAttribute(type, name, instance, true, raw.Slice(offset, length).ToArray()) { Size = length };
        }

        var lowest = BinaryPrimitives.ReadInt64LittleEndian(raw[16..]);
        var attribute = new NtfsCheckedAttribute(type, name, instance, false, [])
        {
            LowestVcn = lowest,
            HighestVcn = BinaryPrimitives.ReadInt64LittleEndian(raw[24..]),
            AllocatedSize = lowest > 0 ? 0 : BinaryPrimitives.ReadInt64LittleEndian(raw[40..]),
            Size = lowest > 0 ? 0 : BinaryPrimitives.ReadInt64LittleEndian(raw[48..]),
            InitializedSize = lowest > 0 ? 0 : BinaryPrimitives.ReadInt64LittleEndian(raw[56..]),
            CompressedSize = (flags & 0x8001) == 0 || lowest > 0 ? null : BinaryPrimitives.ReadInt64LittleEndian(raw[64..]),
        };
        ReadRuns(raw[BinaryPrimitives.ReadUInt16LittleEndian(raw[32..])..], attribute);
        if (attribute.HighestVcn - lowest + 1 != attribute.Runs.Sum(r => r.Length))
        {
            _report($"attribute {type:x} '{name}' goes from {lowest} to {attribute.HighestVcn}, and its runs have {attribute.Runs.Sum(r => r.Length)}");
        }

        return attribute;
    }

    private void ReadRuns(ReadOnlySpan<byte> pairs, NtfsCheckedAttribute attribute)
    {
        var cluster = 0L;
        while (pairs.Length > 0 && pairs[0] != 0)
        {
            var (lengthBytes, offsetBytes) = (pairs[0] & 15, pairs[0] >> 4);
            if (lengthBytes is 0 or > 8 || offsetBytes > 8 || pairs.Length < 1 + lengthBytes + offsetBytes)
            {
                _report($"attribute {attribute.Type:x} has broken runs");
                return;
            }

            var length = Signed(pairs.Slice(1, lengthBytes));
            cluster += Signed(pairs.Slice(1 + lengthBytes, offsetBytes));
            attribute.Runs.Add(new NtfsCheckedRun(offsetBytes == 0 ? null : cluster, length));
            pairs = pairs[(1 + lengthBytes + offsetBytes)..];
        }

        if (pairs.Length == 0)
        {
            _report($"attribute {attribute.Type:x} has runs without an end");
        }
    }

    private static long Signed(ReadOnlySpan<byte> bytes)
    {
        var value = bytes.Length > 0 && (bytes[^1] & 0x80) != 0 ? -1L : 0;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }
}
