using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows;

/// <summary>Values of the registry as bytes (UTF-16LE, ended by NUL) and as people read them.</summary>
internal static class RegistryText
{
    /// <summary>What is shown of a value before it is cut off.</summary>
    private const int MaxShown = 200;

    public static byte[] Encode(string value) => Encoding.Unicode.GetBytes(value + "\0");

    /// <summary>REG_MULTI_SZ: each string with its NUL, and one more.</summary>
    public static byte[] Encode(IReadOnlyList<string> values) => Encoding.Unicode.GetBytes(string.Concat(values.Select(v => v + "\0")) + "\0");

    /// <summary>"Start = 0", "(default) = "guestor.inf"".</summary>
    public static string Show(string name, RegistryValueKind kind, ReadOnlySpan<byte> data) => $"{(name.Length == 0 ? "(default)" : name)} = {Show(kind, data)}";

    public static string Show(RegistryValueKind kind, ReadOnlySpan<byte> data)
    {
        var text = kind switch
        {
            RegistryValueKind.UInt32 when data.Length == sizeof(uint) => BinaryPrimitives.ReadUInt32LittleEndian(data).ToString(CultureInfo.InvariantCulture),
            RegistryValueKind.UInt64 when data.Length == sizeof(ulong) => BinaryPrimitives.ReadUInt64LittleEndian(data).ToString(CultureInfo.InvariantCulture),
            RegistryValueKind.String or RegistryValueKind.ExpandString or RegistryValueKind.Link => $"\"{Encoding.Unicode.GetString(data).TrimEnd('\0')}\"",
            RegistryValueKind.MultiString => $"[{string.Join(", ", Encoding.Unicode.GetString(data).TrimEnd('\0').Split('\0', StringSplitOptions.RemoveEmptyEntries))}]",
            _ => Convert.ToHexStringLower(data[..Math.Min(data.Length, MaxShown / 2)]),
        };
        return text.Length > MaxShown ? text[..MaxShown] + "..." : text;
    }
}
