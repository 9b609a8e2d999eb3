using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// The binary index of libkmod and module-init-tools, version 2: a trie in big-endian numbers. Where a node lies and which parts it has
/// are told by the offset that leads to it. A node is its prefix, its children by their first character, and its values, each optional.
/// </summary>
internal static class KmodIndexFormat
{
    private const uint Magic = 0xB007F457;
    private const uint Version = 0x00020001;
    private const int HeaderLength = 12;

    private const uint OffsetMask = 0x0FFFFFFF;
    private const uint HasPrefix = 0x80000000;
    private const uint HasValues = 0x40000000;
    private const uint HasChildren = 0x20000000;

    /// <summary>Keys are ASCII.</summary>
    private const int CharacterLimit = 128;

    /// <summary>Aliases have at most some hundred characters. This also bounds how deep the trie is.</summary>
    private const int MaxKeyLength = 1024;

    /// <summary>A line of modules.dep names all that a module needs, which is some thousand characters.</summary>
    private const int MaxStringLength = 64 << 10;

    /// <summary>At most some hundred modules share one alias.</summary>
    private const int MaxValuesPerKey = 16 << 10;

    /// <summary>The indexes of a whole distribution kernel hold less than two million. Damaged ones can lead to the same node over and over.</summary>
    private const int MaxCharacters = 16 << 20;

    /// <exception cref="ConversionException">The data is not such an index.</exception>
    public static KmodIndex Read(ReadOnlySpan<byte> data)
    {
        if (data.Length < HeaderLength || ReadUInt32(data, 0) != Magic || ReadUInt32(data, 4) >> 16 != Version >> 16)
        {
            throw Damaged("it does not start like one of version 2");
        }

        var index = new KmodIndex();
        var budget = MaxCharacters;
        var pending = new Stack<(uint Offset, string Key)>();
        pending.Push((ReadUInt32(data, 8), ""));
        while (pending.TryPop(out var node))
        {
            var key = node.Key;
            var offset = (int)(node.Offset & OffsetMask);
            if ((node.Offset & HasPrefix) != 0)
            {
                key += ReadString(data, ref offset);
            }

            budget -= key.Length + 1;
            if (key.Length > MaxKeyLength || budget < 0)
            {
                throw Damaged("its nodes form a loop");
            }

            if ((node.Offset & HasChildren) != 0)
            {
                var first = ReadByte(data, offset);
                var last = ReadByte(data, offset + 1);
                offset += 2;
                if (first > last || last >= CharacterLimit)
                {
                    throw Damaged("a node's range of children is not valid");
                }

                for (var character = first; character <= last; character++, offset += sizeof(uint))
                {
                    var child = ReadUInt32(data, offset);
                    if ((child & OffsetMask) != 0)
                    {
                        pending.Push((child, key + (char)character));
                    }
                }
            }

            if ((node.Offset & HasValues) != 0)
            {
                var count = ReadUInt32(data, offset);
                offset += sizeof(uint);
                if (count > MaxValuesPerKey)
                {
                    throw Damaged($"a key has {count} values");
                }

                for (var i = 0u; i < count && budget >= 0; i++)
                {
                    var priority = ReadUInt32(data, offset);
                    offset += sizeof(uint);
                    var value = ReadString(data, ref offset);
                    budget -= value.Length + 1;
                    index.Add(key, value, priority);
                }
            }
        }

        return index;
    }

    public static byte[] Write(KmodIndex index)
    {
        var root = new Node();
        foreach (var (key, values) in index.Entries)
        {
            root.Insert(key, values);
        }

        var output = new MemoryStream();
        WriteUInt32(output, Magic);
        WriteUInt32(output, Version);
        WriteUInt32(output, 0);
        var rootOffset = WriteNode(root, output);
        output.Position = 8;
        WriteUInt32(output, rootOffset);
        return output.ToArray();
    }

    /// <summary>Writes the children, then the node; returns the offset, with flags, that leads to it. Keys bound the depth.</summary>
    private static uint WriteNode(Node node, MemoryStream output)
    {
        var all = node.Children ?? [];
        var first = Array.FindIndex(all, c => c is not null);
        var last = Array.FindLastIndex(all, c => c is not null);
        var children = first < 0 ? [] : all[first..(last + 1)];
        var offsets = Array.ConvertAll(children, child => child is null ? 0 : WriteNode(child, output));

        var offset = (uint)output.Position;
        if (node.Prefix.Length > 0)
        {
            offset |= HasPrefix;
            WriteString(output, node.Prefix);
        }

        if (offsets.Length > 0)
        {
            offset |= HasChildren;
            output.WriteByte((byte)first);
            output.WriteByte((byte)last);
            foreach (var child in offsets)
            {
                WriteUInt32(output, child);
            }
        }

        if (node.Values is { Count: > 0 } values)
        {
            offset |= HasValues;
            WriteUInt32(output, (uint)values.Count);
            foreach (var value in values)
            {
                WriteUInt32(output, value.Priority);
                WriteString(output, value.Text);
            }
        }

        return offset;
    }

    private static int ReadByte(ReadOnlySpan<byte> data, int offset) =>
        (uint)offset < (uint)data.Length ? data[offset] : throw Damaged("it ends early");

    private static uint ReadUInt32(ReadOnlySpan<byte> data, int offset) =>
        offset <= data.Length - sizeof(uint) ? BinaryPrimitives.ReadUInt32BigEndian(data[offset..]) : throw Damaged("it ends early");

    private static string ReadString(ReadOnlySpan<byte> data, ref int offset)
    {
        var length = offset < data.Length ? data.Slice(offset, Math.Min(MaxStringLength, data.Length - offset)).IndexOf((byte)0) : -1;
        if (length < 0)
        {
            throw Damaged("a string in it has no end");
        }

        var text = Encoding.Latin1.GetString(data.Slice(offset, length));
        offset += length + 1;
        return text;
    }

    private static void WriteUInt32(MemoryStream output, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        output.Write(bytes);
    }

    private static void WriteString(MemoryStream output, string text)
    {
        output.Write(Encoding.Latin1.GetBytes(text));
        output.WriteByte(0);
    }

    private static ConversionException Damaged(string what) => InitramfsErrors.Malformed($"a module index (modules.*.bin) cannot be read: {what}");

    /// <summary>A node of the trie while it is being built.</summary>
    private sealed class Node
    {
        public string Prefix { get; private set; } = "";

        public Node?[]? Children { get; private set; }

        public List<KmodIndexValue>? Values { get; private set; }

        public void Insert(string key, List<KmodIndexValue> values)
        {
            var node = this;
            var rest = key.AsSpan();
            while (true)
            {
                var common = rest.CommonPrefixLength(node.Prefix);
                if (common < node.Prefix.Length)
                {
                    node.Split(common);
                }

                rest = rest[common..];
                if (rest.IsEmpty)
                {
                    node.Values = values;
                    return;
                }

                var character = rest[0];
                if (character >= CharacterLimit)
                {
                    throw Damaged("a key is not ASCII");
                }

                rest = rest[1..];
                node.Children ??= new Node?[CharacterLimit];
                if (node.Children[character] is { } child)
                {
                    node = child;
                    continue;
                }

                node.Children[character] = new Node { Prefix = rest.ToString(), Values = values };
                return;
            }
        }

        /// <summary>Keeps the first <paramref name="length"/> characters of the prefix here and moves the rest into a child.</summary>
        private void Split(int length)
        {
            var child = new Node { Prefix = Prefix[(length + 1)..], Children = Children, Values = Values };
            Children = new Node?[CharacterLimit];
            Children[Prefix[length]] = child;
            Prefix = Prefix[..length];
            Values = null;
        }
    }
}
