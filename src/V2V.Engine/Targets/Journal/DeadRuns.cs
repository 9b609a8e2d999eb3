using System.Text;
using System.Text.Json;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Targets.Libvirt;

namespace V2V.Engine.Targets.Journal;

/// <summary>
/// Takes back what runs left at their targets that were killed, or whose host lost its power: their journals are there, and nobody holds
/// them. A run whose guest was defined is brought to its end instead.
/// </summary>
internal static class DeadRuns
{
    /// <summary>A journal has some lines for each disk.</summary>
    private const long MaximumLength = 1 << 20;

    /// <summary>What was found and done about it; nothing when all runs ended in order.</summary>
    public static IReadOnlyList<Concern> CleanUp(string? folder = null)
    {
        List<Concern> concerns = [];
        try
        {
            foreach (var journal in new DirectoryInfo(folder ?? RunJournal.DefaultFolder).EnumerateFiles('*' + RunJournal.Extension))
            {
                // An empty one is being made, and its run has done nothing yet.
                if (journal.Length is > 0 and <= MaximumLength)
                {
                    CleanUp(journal.FullName, concerns);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no folder, so there was no run; or another run is cleaning up at the same time.
        }

        return concerns;
    }

    private static void CleanUp(string path, List<Concern> concerns)
    {
        using (var file = TryLock(path))
        {
            if (file is null)
            {
                return;
            }

            try
            {
                Settle(Read(file), concerns);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or LibvirtException)
            {
                // The journal stays: the next run tries again.
                concerns.Add(new Concern(
                    ConcernSeverity.Warning, "LeftBehind", $"What an earlier run that was stopped left behind could not be removed: {e.Message}",
                    $"Remove what {path} names, and that file."));
                return;
            }
        }

        File.Delete(path);
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // Its run is alive.
        }
    }

    /// <summary>The entries, without a last line that the run could not finish.</summary>
    private static List<JournalEntry> Read(FileStream file)
    {
        List<JournalEntry> entries = [];
        using var reader = new StreamReader(file, Encoding.UTF8, leaveOpen: true);
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            try
            {
                entries.Add(JsonSerializer.Deserialize(line, JournalJson.Default.JournalEntry)!);
            }
            catch (JsonException)
            {
                break;
            }
        }

        return entries;
    }

    private static void Settle(List<JournalEntry> entries, List<Concern> concerns)
    {
        var isComplete = entries.OfType<CompleteRun>().Any() || entries.OfType<DefineDomain>().Any(IsDefined);
        entries.Reverse();
        foreach (var entry in entries)
        {
            var removed = (entry, isComplete) switch
            {
                (MakeFile file, false) => Delete(file.Path),
                (NameFile file, false) => TakeBack(file),
                (NameFile { Backup: { } backup }, true) => Delete(backup),
                (DefineDomain domain, false) => DefineAgain(domain),
                (MakeVolume volume, false) => Delete(volume, volume.Volume),
                (MakeVolume { Replaced: { } replaced } volume, true) => Delete(volume, replaced),
                _ => null,
            };
            if (removed is not null)
            {
                concerns.Add(new Concern(ConcernSeverity.Information, "LeftoverRemoved", $"{removed}, left by an earlier run that was stopped, was removed."));
            }
        }
    }

    private static bool IsDefined(DefineDomain entry)
    {
        using var connect = LibvirtHost.Connect(entry.Connection);
        using var domain = VirDomainLookupByName.Call(connect, entry.Name);
        return domain is not null && VirDomainGetUUIDString.Call(domain, entry.Name) != entry.OldUuid;
    }

    /// <summary>The domain that was to be replaced may be undefined already.</summary>
    private static string? DefineAgain(DefineDomain entry)
    {
        if (entry.OldXml is not null)
        {
            using var connect = LibvirtHost.Connect(entry.Connection);
            using var domain = VirDomainLookupByName.Call(connect, entry.Name);
            if (domain is null)
            {
                VirDomainDefineXMLFlags.Call(connect, entry.Name, entry.OldXml, validate: false).Dispose();
            }
        }

        return null;
    }

    private static string? Delete(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        File.Delete(path);
        return path;
    }

    /// <summary>Removes a file that has its final name, if it is still the run's, and puts back what it had replaced.</summary>
    private static string? TakeBack(NameFile file)
    {
        var named = new FileInfo(file.Path);
        string? removed = null;
        if (named.Exists && !File.Exists(file.Temporary) && named.Length == file.Length && named.LastWriteTimeUtc == file.Time)
        {
            removed = Delete(file.Path);
        }

        if (file.Backup is not null && File.Exists(file.Backup) && !File.Exists(file.Path))
        {
            File.Move(file.Backup, file.Path);
        }

        return removed;
    }

    private static string? Delete(MakeVolume entry, string name)
    {
        using var connect = LibvirtHost.Connect(entry.Connection);
        using var pool = VirStoragePoolLookupByName.Call(connect, entry.Pool);
        using var volume = pool is null ? null : VirStorageVolLookupByName.Call(pool, name);
        if (volume is null)
        {
            return null;
        }

        VirStorageVolDelete.Call(volume, name);
        return $"{entry.Pool}/{name}";
    }
}
