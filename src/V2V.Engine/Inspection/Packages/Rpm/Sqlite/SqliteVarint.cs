namespace V2V.Engine.Inspection.Packages.Rpm.Sqlite;

/// <summary>A number of one to nine bytes: seven bits each, the highest first, and all eight of the ninth (SQLite file format, section 1.6).</summary>
internal static class SqliteVarint
{
    private const int MaxLength = 9;

    /// <summary>False when the bytes end before the number does.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out long value, out int length)
    {
        value = 0;
        for (length = 0; length < MaxLength && length < bytes.Length;)
        {
            var b = bytes[length++];
            if (length == MaxLength)
            {
                value = (value << 8) | b;
                return true;
            }

            value = (value << 7) | (uint)(b & 0x7F);
            if (b < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
