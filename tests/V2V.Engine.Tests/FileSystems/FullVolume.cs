using V2V.Engine.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>Fills a small volume until it refuses, empties it in part, and fills it again: what does not fit must leave nothing behind.</summary>
/// <param name="image">The volume's image, which another implementation mounts and checks.</param>
/// <param name="fileSystem">The engine's view of it.</param>
/// <param name="random">What is done.</param>
/// <param name="prefix">How the files' names begin.</param>
/// <param name="length">How many bytes are written next.</param>
internal sealed class FullVolume(TestImage image, WritableGuestFileSystem fileSystem, Random random, string prefix, Func<Random, int> length)
{
    /// <summary>Refusals after which a volume counts as full.</summary>
    private const int Refusals = 15;

    private readonly Dictionary<string, byte[]> _contents = [];

    /// <param name="batches">How often it is filled.</param>
    /// <param name="attempts">Within how many attempts it has to be full.</param>
    internal void FillAndEmpty(int batches, int attempts)
    {
        for (var batch = 0; batch < batches; batch++)
        {
            var refused = 0;
            for (var i = 0; i < attempts && refused < Refusals; i++)
            {
                refused += Fill() ? 0 : 1;
            }

            Assert.Equal(Refusals, refused);
            fileSystem.Flush();
            image.Check();
            Compare();
            foreach (var path in _contents.Keys.Order(StringComparer.Ordinal).Where(_ => random.Next(3) == 0).ToList())
            {
                fileSystem.Delete(path);
                _contents.Remove(path);
            }
        }

        fileSystem.Flush();
        image.Check();
    }

    private bool Fill()
    {
        var isNew = _contents.Count == 0 || random.Next(3) != 0;
        var path = isNew ? $"/{prefix}{random.Next(1 << 30)}" : _contents.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(_contents.Count));
        try
        {
            if (isNew)
            {
                fileSystem.CreateFile(path, new GuestFileAttributes());
                _contents.Add(path, []);
            }

            var data = new byte[length(random)];
            random.NextBytes(data);
            var content = _contents[path];
            var offset = random.Next(content.Length + 10_000);
            fileSystem.Write(path, offset, data);
            if (offset + data.Length > content.Length)
            {
                Array.Resize(ref content, offset + data.Length);
            }

            data.CopyTo(content, offset);
            _contents[path] = content;
            return true;
        }
        catch (GuestFileSystemException e) when (e.Error == V2VError.FileSystemFull)
        {
            return false;
        }
    }

    private void Compare()
    {
        image.Mount("loop,ro");
        Assert.Equal(_contents.Keys.Order(StringComparer.Ordinal), Directory.GetFiles(image.MountPoint).Select(f => "/" + Path.GetFileName(f)).Order(StringComparer.Ordinal));
        foreach (var (path, content) in _contents)
        {
            Assert.True(content.AsSpan().SequenceEqual(fileSystem.ReadAllBytes(path)), $"{path} has other contents");
            Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(image.MountPoint + path)), $"the mounted volume has other contents in {path}");
        }

        image.Unmount();
    }
}
