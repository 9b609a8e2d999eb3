using System.Text;

namespace V2V.Engine.Volumes.Lvm;

/// <summary>LVM2's UUID of a physical volume, volume group or logical volume: 32 characters of an alphabet of its own (lvm2, lib/uuid).</summary>
/// <param name="Value">The 32 characters, as they stand in a label and in the device mapper's names.</param>
internal readonly record struct LvmId(string Value)
{
    internal const int Length = 32;

    /// <summary>Where the hyphens of the written form stand: groups of 6-4-4-4-4-4-6.</summary>
    private static readonly int[] Groups = [6, 10, 14, 18, 22, 26];

    /// <summary>The written form, as in the metadata's text and in messages of LVM's tools.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Value);
        for (var i = Groups.Length - 1; i >= 0; i--)
        {
            text.Insert(Groups[i], '-');
        }

        return text.ToString();
    }

    /// <summary>Reads the 32 bytes of a label; null when they are no UUID.</summary>
    internal static LvmId? Read(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.Latin1.GetString(bytes[..Length]);
        return text.All(IsAllowed) ? new LvmId(text) : null;
    }

    /// <summary>Reads the written form; null when it is no UUID.</summary>
    internal static LvmId? Parse(string text)
    {
        var value = text.Replace("-", "", StringComparison.Ordinal);
        return value.Length == Length && value.All(IsAllowed) ? new LvmId(value) : null;
    }

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '!' or '#';
}
