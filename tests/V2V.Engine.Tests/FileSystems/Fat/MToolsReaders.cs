using System.Text;
using V2V.Engine.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Fat;

/// <summary>A second opinion by mtools, which shares no code with the kernel.</summary>
internal static class MToolsReaders
{
    /// <summary>Compares all names, and the contents of some files.</summary>
    internal static void ReadTheSame(GuestFileSystem fileSystem, FatTestImage image)
    {
        const int MaxFiles = 40;
        var files = new List<string>();
        var directories = new List<string>();
        Walk(fileSystem, "/", files, directories);
        var listing = image.MTool("mdir", "-b", "-/", "::/").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => GuestText.Decode(Encoding.Latin1.GetBytes(l))["::".Length..].TrimEnd('/'));
        Assert.Equal(files.Concat(directories).Select(AsShown).Order(StringComparer.Ordinal), listing.Order(StringComparer.Ordinal));

        // In brackets mtools would see a pattern.
        foreach (var file in files.Where(f => AsShown(f) == f && !f.Contains('[', StringComparison.Ordinal) && Encoding.UTF8.GetByteCount(f) < 255).Take(MaxFiles))
        {
            var content = Encoding.Latin1.GetBytes(image.MTool("mtype", $"::{file}"));
            Assert.True(fileSystem.ReadAllBytes(file).AsSpan().SequenceEqual(content), file);
        }
    }

    /// <summary>mtools knows no surrogate pairs.</summary>
    private static string AsShown(string path) => new([.. path.Select(c => char.IsSurrogate(c) ? '_' : c)]);

    private static void Walk(GuestFileSystem fileSystem, string path, List<string> files, List<string> directories)
    {
        foreach (var entry in fileSystem.Enumerate(path))
        {
            var full = $"{path.TrimEnd('/')}/{entry.Name}";
            (entry.Type == GuestFileType.Directory ? directories : files).Add(full);
            if (entry.Type == GuestFileType.Directory)
            {
                Walk(fileSystem, full, files, directories);
            }
        }
    }
}
