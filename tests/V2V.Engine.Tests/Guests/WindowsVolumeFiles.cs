using System.Security.Cryptography;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.FileSystems.Ntfs;

namespace V2V.Engine.Tests.Guests;

/// <summary>Every file of a volume as ntfs-3g reads it: its kind, and for a file its length and the SHA-256 of its contents.</summary>
internal static class WindowsVolumeFiles
{
    internal static Dictionary<string, string> Read(NtfsTestImage image)
    {
        image.Mount("loop,ro");
        try
        {
            var tree = new KernelTree(image.MountPoint);
            var files = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            var pending = new Queue<string>(["/"]);
            while (pending.TryDequeue(out var path))
            {
                var file = tree.Find(path)!;
                var content = $"{file.Type}";
                if (file.IsDirectory)
                {
                    tree.Enumerate(path).ForEach(n => pending.Enqueue($"{path.TrimEnd('/')}/{n}"));
                }
                else if (file.IsRegular)
                {
                    using var stream = new FileStream(tree.OpenRead(path), FileAccess.Read);
                    content = $"{file.Length} {Convert.ToHexString(SHA256.HashData(stream))}";
                }

                files.Add(path, content);
            }

            return files;
        }
        finally
        {
            image.Unmount();
        }
    }
}
