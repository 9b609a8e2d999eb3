using System.Buffers.Binary;

namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>The header of a version 3 image without backing file, snapshots and extensions, as it is written (qcow2.txt, "Header").</summary>
internal readonly record struct Qcow2ImageHeader
{
    /// <summary>Header, and the empty list of extensions after it.</summary>
    public const int Size = HeaderLength + 8;

    private const int HeaderLength = 112;
    private const uint Magic = 0x514649FB; // "QFI\xfb"
    private const ulong IncompatibleCompressionType = 1 << 3;
    private const byte CompressionTypeZstd = 1;

    public required long VirtualSize { get; init; }

    public required int L1Entries { get; init; }

    public required long L1TableOffset { get; init; }

    public required long RefcountTableOffset { get; init; }

    public required int RefcountTableClusters { get; init; }

    /// <summary>zlib is what an image has whose header does not say otherwise.</summary>
    public required bool CompressedWithZstd { get; init; }

    public void WriteTo(Span<byte> bytes)
    {
        bytes[..Size].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(bytes[Field.Magic..], Magic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[Field.Version..], 3);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[Field.ClusterBits..], Qcow2Format.ClusterBits);
        BinaryPrimitives.WriteInt64BigEndian(bytes[Field.Size..], VirtualSize);
        BinaryPrimitives.WriteInt32BigEndian(bytes[Field.L1Size..], L1Entries);
        BinaryPrimitives.WriteInt64BigEndian(bytes[Field.L1TableOffset..], L1TableOffset);
        BinaryPrimitives.WriteInt64BigEndian(bytes[Field.RefcountTableOffset..], RefcountTableOffset);
        BinaryPrimitives.WriteInt32BigEndian(bytes[Field.RefcountTableClusters..], RefcountTableClusters);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[Field.IncompatibleFeatures..], CompressedWithZstd ? IncompatibleCompressionType : 0);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[Field.RefcountOrder..], Qcow2Format.RefcountOrder);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[Field.HeaderLength..], HeaderLength);
        bytes[Field.CompressionType] = CompressedWithZstd ? CompressionTypeZstd : (byte)0;
    }

    private static class Field
    {
        public const int Magic = 0;
        public const int Version = 4;
        public const int ClusterBits = 20;
        public const int Size = 24;
        public const int L1Size = 36;
        public const int L1TableOffset = 40;
        public const int RefcountTableOffset = 48;
        public const int RefcountTableClusters = 56;
        public const int IncompatibleFeatures = 72;
        public const int RefcountOrder = 96;
        public const int HeaderLength = 100;
        public const int CompressionType = 104;
    }
}
