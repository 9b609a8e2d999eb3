using System.Buffers.Binary;

namespace V2V.Engine.Inspection.Packages.Rpm;

/// <summary>An entry of a header's index.</summary>
/// <param name="Tag">What it is (rpm's include/rpm/rpmtag.h).</param>
/// <param name="Type">How its data is stored.</param>
/// <param name="Offset">Where the data begins, from the end of the index.</param>
internal readonly record struct RpmIndexEntry(int Tag, int Type, uint Offset)
{
    public const int Length = 16;

    public const int Int32Type = 4;

    public const int StringType = 6;

    public static RpmIndexEntry Read(ReadOnlySpan<byte> entry) => new(
        BinaryPrimitives.ReadInt32BigEndian(entry[FieldLocations.Tag..]),
        BinaryPrimitives.ReadInt32BigEndian(entry[FieldLocations.Type..]),
        BinaryPrimitives.ReadUInt32BigEndian(entry[FieldLocations.Offset..]));

    private static class FieldLocations
    {
        public const int Tag = 0;
        public const int Type = Tag + sizeof(int);
        public const int Offset = Type + sizeof(int);
    }
}
