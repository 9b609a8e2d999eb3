using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.Tests.Conversion.Linux.Software;

/// <summary>Packages whose outside is right and that hold nothing; what real tools make is tested beside them.</summary>
internal static class TestPackages
{
    /// <param name="name">Makes packages differ.</param>
    /// <param name="type">0 for a binary package, 1 for a source one.</param>
    public static byte[] Rpm(string name, ushort type = 0)
    {
        var body = Encoding.ASCII.GetBytes($"header and payload of {name}");
        var lead = new byte[96];
        byte[] magic = [0xED, 0xAB, 0xEE, 0xDB, 3, 0];
        magic.CopyTo(lead, 0);
        BinaryPrimitives.WriteUInt16BigEndian(lead.AsSpan(6), type);
        var signature = new byte[16 + 16 + 4];
        BinaryPrimitives.WriteUInt32BigEndian(signature, 0x8EADE801);
        BinaryPrimitives.WriteInt32BigEndian(signature.AsSpan(8), 1);
        BinaryPrimitives.WriteInt32BigEndian(signature.AsSpan(12), 4);
        BinaryPrimitives.WriteInt32BigEndian(signature.AsSpan(16), 1000);
        BinaryPrimitives.WriteInt32BigEndian(signature.AsSpan(20), 4);
        BinaryPrimitives.WriteInt32BigEndian(signature.AsSpan(28), 1);
        BinaryPrimitives.WriteInt32BigEndian(signature.AsSpan(32), body.Length);
        return [.. lead, .. signature, .. new byte[4], .. body];
    }

    public static byte[] Deb(string name) => Encoding.ASCII.GetBytes("!<arch>\n" + Member("debian-binary", "2.0\n") + Member("control.tar.xz", name) + Member("data.tar.xz", ""));

    /// <summary>Writes packages, of the kind that their names tell, below a folder.</summary>
    public static void Write(string folder, IEnumerable<string> paths)
    {
        foreach (var path in paths.Select(path => Path.Combine(folder, path)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, path.EndsWith(".deb", StringComparison.Ordinal) ? Deb(path) : Rpm(path));
        }
    }

    private static string Member(string name, string content) => $"{name,-16}{0,-12}{0,-6}{0,-6}{"100644",-8}{content.Length,-10}`\n{content}{(content.Length % 2 == 1 ? "\n" : "")}";
}
