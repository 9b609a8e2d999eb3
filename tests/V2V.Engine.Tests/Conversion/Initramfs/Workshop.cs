using System.Text;
using V2V.Engine.Conversion.Initramfs;
using V2V.Engine.IO;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Initramfs;

/// <summary>A temporary folder in which images are made by cpio and the compressors, and taken apart again.</summary>
internal sealed class Workshop : IDisposable
{
    public Workshop() => Folder = Directory.CreateTempSubdirectory("v2v-initramfs-").FullName;

    public string Folder { get; }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Runs a shell script in the folder; it must succeed.</summary>
    public string Shell(string script, TimeSpan? limit = null)
    {
        var (exitCode, output) = ExternalTool.RunWithin(limit ?? TimeSpan.FromMinutes(1), "", "sh", "-ec", $"cd '{Folder}'\n{script}");
        Assert.True(exitCode == 0, $"{script}\nended with {exitCode}: {output}");
        return output;
    }

    public byte[] Bytes(string file) => File.ReadAllBytes(Path.Combine(Folder, file));

    public void Save(string file, ReadOnlySpan<byte> content) => File.WriteAllBytes(Path.Combine(Folder, file), content);

    /// <summary>
    /// Has cpio pack what a script makes in an empty directory: all of it or, in order, the names listed in <paramref name="only"/>.
    /// </summary>
    public byte[] Archive(string script, params string[] only)
    {
        ExternalTool.Need("cpio");
        var names = only.Length == 0 ? "find . -mindepth 1 | sort" : $"printf '%s\\n' {string.Join(' ', only)}";
        Shell($"rm -rf tree; mkdir tree; cd tree\n{script}\n{names} | cpio --quiet --reproducible -o -H newc > ../archive");
        return Bytes("archive");
    }

    public byte[] Compress(byte[] content, string command)
    {
        ExternalTool.Need(command.Split(' ')[0]);
        Save("plain", content);
        Shell($"{command} < plain > packed");
        return Bytes("packed");
    }

    /// <summary>Skips the test unless a program is there.</summary>
    public static InitramfsContents Read(params byte[][] parts) => InitramfsReader.Read(Join(parts));

    public static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(p => p)];

    /// <summary>Zeros up to a multiple of four.</summary>
    public static byte[] Align(byte[] part) => [.. part, .. new byte[-part.Length & 3]];

    /// <summary>One line an entry: path, type and mode, target or length.</summary>
    public static string[] Listing(InitramfsTree tree) =>
        [.. tree.Enumerate().Select(e => $"{e.Path} {Convert.ToString(e.Node.Mode, 8)} {e.Node.LinkTarget ?? e.Node.Length.ToString(System.Globalization.CultureInfo.InvariantCulture)}")];

    public static uint Crc(string text) => Crc32C.Append(0, Encoding.UTF8.GetBytes(text));
}
