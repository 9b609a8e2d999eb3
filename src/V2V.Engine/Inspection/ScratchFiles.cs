using V2V.Engine.FileSystems;
using V2V.Engine.Volumes;

namespace V2V.Engine.Inspection;

/// <summary>
/// Files whose contents a guest that was shut down never reads again: it writes them anew. Their blocks need not be copied; they read as zeros
/// then, the files stay as long as they are.
/// </summary>
internal static class ScratchFiles
{
    /// <summary>The largest page of a machine: within it lies all that a swap file, or one of Windows', has of a header.</summary>
    public const long HeaderLength = 64 << 10;

    // Beyond it a file is in so many pieces that remembering them is not worth what it saves.
    private const int MaximumPieces = 100_000;

    /// <summary>Where the scratch contents of the guest's files lie, in no particular order; headers are left out.</summary>
    public static IEnumerable<(Volume Volume, ByteRange Range)> Find(InspectedGuest guest) =>
        guest.OperatingSystem.Family == OperatingSystemFamily.Windows ? Windows(guest.Volumes) : Swap(guest.Root);

    /// <summary>
    /// The paging files in the roots of the volumes, and the memory of a Windows that is not hibernated. One that is, maybe another one than that
    /// which is converted, will need both again. A paging file with a crash dump is needed, too: the next start of Windows makes a file of its
    /// own of it.
    /// </summary>
    private static List<(Volume Volume, ByteRange Range)> Windows(IReadOnlyList<GuestVolume> volumes)
    {
        var found = new List<(Volume, ByteRange)>();
        foreach (var volume in volumes.Where(v => v.FileSystem is { Kind: "ntfs" or "vfat" }))
        {
            var hibernation = Contents(volume.FileSystem!, "/hiberfil.sys", IsOverHibernation);
            if (hibernation is null)
            {
                return [];
            }

            var paging = Contents(volume.FileSystem!, "/pagefile.sys", head => !head.StartsWith("PAGE"u8)) ?? [];
            var swap = Contents(volume.FileSystem!, "/swapfile.sys", head => !head.StartsWith("PAGE"u8)) ?? [];
            found.AddRange(hibernation.Concat(paging).Concat(swap).Select(r => (volume.Volume, r)));
        }

        return found;
    }

    /// <summary>What Windows leaves when it has resumed, or has never been hibernated.</summary>
    private static bool IsOverHibernation(ReadOnlySpan<byte> head) =>
        head.StartsWith("wake"u8) || head.StartsWith("WAKE"u8) || !head[..4096].ContainsAnyExcept((byte)0);

    /// <summary>The swap files that fstab names, unless a hibernated system lies in one: then another signature ends the first page.</summary>
    private static IEnumerable<(Volume Volume, ByteRange Range)> Swap(GuestRoot root)
    {
        foreach (var entry in FstabEntry.Parse(root.TryReadAllText("/etc/fstab") ?? "").Where(e => e.IsSwap && IsFile(root, e.Device)).DistinctBy(e => e.Device))
        {
            var place = root.Resolve(entry.Device);
            foreach (var range in Contents(place.FileSystem, place.Path, IsSwapHeader) ?? [])
            {
                yield return (place.Mount.Volume, range);
            }
        }
    }

    private static bool IsFile(GuestRoot root, string device)
    {
        try
        {
            return device.StartsWith('/') && !device.StartsWith("/dev/", StringComparison.Ordinal) && root.FileExists(device);
        }
        catch (GuestFileSystemException)
        {
            return false;
        }
    }

    private static bool IsSwapHeader(ReadOnlySpan<byte> head)
    {
        foreach (var page in (ReadOnlySpan<int>)[4096, 8192, 16384, 32768, 65536])
        {
            if (head.Length >= page && head[(page - 10)..page].SequenceEqual("SWAPSPACE2"u8))
            {
                return true;
            }
        }

        return false;
    }

    private delegate bool HeaderTest(ReadOnlySpan<byte> head);

    /// <summary>Where a file has what need not be copied; null when it holds something, or nobody knows what.</summary>
    private static IReadOnlyList<ByteRange>? Contents(GuestFileSystem fileSystem, string path, HeaderTest isScratch)
    {
        try
        {
            if (fileSystem.Find(path) is not { } file)
            {
                return [];
            }

            var head = new byte[HeaderLength];
            var read = file is { IsRegular: true, LinkCount: 1 } ? ReadHead(fileSystem, path, head) : 0;
            if ((read == 0 && file.Length > 0) || !isScratch(head))
            {
                return null;
            }

            var ranges = read == head.Length ? fileSystem.ContentRanges(path, HeaderLength) : [];
            return ranges.Count > MaximumPieces ? [] : ranges;
        }
        catch (GuestFileSystemException)
        {
            return null;
        }
    }

    private static int ReadHead(GuestFileSystem fileSystem, string path, Span<byte> head)
    {
        var done = 0;
        for (var count = 1; count > 0 && done < head.Length; done += count)
        {
            count = fileSystem.Read(path, done, head[done..]);
        }

        return done;
    }
}
