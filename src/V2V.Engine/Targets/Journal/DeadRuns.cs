using System.Globalization;
using System.Text.Json;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets.Journal;

/// <summary>
/// Takes back what runs left at their targets that were killed, or whose host lost its power: their journals are there, and nobody holds
/// them. A run whose guest was defined is brought to its end instead.
/// </summary>
internal static class DeadRuns
{
    /// <summary>A journal has some lines for each disk.</summary>
    private const long MaximumLength = 1 << 20;

    /// <summary>How long a journal may be without its first line.</summary>
    private static readonly TimeSpan EmptyFor = TimeSpan.FromMinutes(1);

    /// <summary>A host that does not answer costs each conversion some minutes, so that not every one asks it.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    /// <summary>What was found and done about it; nothing when all runs ended in order.</summary>
    public static IReadOnlyList<Concern> CleanUp(string? folder = null)
    {
        List<Concern> concerns = [];
        ForEach(folder, journal => CleanUp(journal, concerns));
        return concerns;
    }

    /// <summary>
    /// As <see cref="CleanUp(string?)"/>, but for what can be taken up again: the run that was copying this guest is returned, and those of other guests
    /// are left to them.
    /// </summary>
    /// <param name="guest">Name of the converted guest.</param>
    /// <param name="target"><see cref="ConversionTarget.Description"/>.</param>
    /// <param name="concerns">Takes what was done about the others.</param>
    /// <param name="folder">Where the journals are.</param>
    public static DeadCopy? Find(string guest, string target, List<Concern> concerns, string? folder = null)
    {
        DeadCopy? found = null;
        ForEach(folder, journal =>
        {
            // Whose it is, is looked up without the lock: another thread may be just about to take it.
            var headers = RunJournal.CheckpointsOf(journal).Select(CheckpointFile.ReadHeader).OfType<CheckpointHeader>().ToList();
            if (headers.Count > 0 && !headers.Exists(h => h.Guest == guest && h.Target == target))
            {
                return;
            }

            if (headers.Count > 0 && found is null && TryLock(journal) is { } file)
            {
                found = Open(journal, file);
                if (found is not null)
                {
                    return;
                }
            }

            CleanUp(journal, concerns);
        });
        return found;
    }

    private static DeadCopy? Open(string journal, FileStream locked)
    {
        try
        {
            var entries = Read(locked);
            if (DeadCopy.CanBeResumed(entries))
            {
                return new DeadCopy(journal, locked, entries);
            }
        }
        catch (IOException)
        {
            // Then it cannot be settled either, which is said when that is tried.
        }

        locked.Dispose();
        return null;
    }

    private static void ForEach(string? folder, Action<string> act)
    {
        try
        {
            foreach (var journal in new DirectoryInfo(folder ?? RunJournal.DefaultFolder).EnumerateFiles('*' + RunJournal.Extension))
            {
                // An empty one may be being made, and its run has done nothing yet.
                if (journal.Length <= MaximumLength && (journal.Length > 0 || DateTime.UtcNow - journal.LastWriteTimeUtc > EmptyFor))
                {
                    act(journal.FullName);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no folder, so there was no run; or another run is cleaning up at the same time.
        }
    }

    /// <summary>Takes back what one run has left, if it is not alive.</summary>
    internal static void CleanUp(string path, List<Concern> concerns)
    {
        using (var file = TryLock(path))
        {
            if (file is null)
            {
                return;
            }

            try
            {
                var entries = Read(file);
                if (entries.LastOrDefault() is AskInVain last && DateTime.UtcNow - last.Time < Pause && DateTime.UtcNow >= last.Time)
                {
                    concerns.Add(Left(path, last));
                    return;
                }

                Settle(entries, concerns);
            }
            catch (UnreachableException e)
            {
                var note = new AskInVain(DateTime.UtcNow, e.Message);
                Note(file, note);
                concerns.Add(Left(path, note));
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or LibvirtException)
            {
                // The journal stays: the next run tries again.
                concerns.Add(Left(path, e.Message, ""));
                return;
            }
        }

        RunJournal.Delete(path);
    }

    private static Concern Left(string path, AskInVain last) => Left(
        path, last.Why, string.Create(CultureInfo.InvariantCulture, $" That was at {last.Time.ToLocalTime():HH:mm}; it is tried again once {Pause.TotalMinutes:0} minutes have passed."));

    private static Concern Left(string path, string why, string when) => new(
        ConcernSeverity.Warning, "LeftBehind", $"What an earlier run that was stopped left behind could not be removed: {why}{when}",
        $"Remove what {path} names, and that file.");

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

    /// <summary>The entries, without a last line that the run could not finish; the file then ends before it.</summary>
    private static List<JournalEntry> Read(FileStream file)
    {
        List<JournalEntry> entries = [];
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var start = 0;
        for (int length; (length = bytes.AsSpan(start).IndexOf((byte)'\n')) > 0; start += length + 1)
        {
            try
            {
                entries.Add(JsonSerializer.Deserialize(bytes.AsSpan(start, length), JournalJson.Default.JournalEntry)!);
            }
            catch (JsonException)
            {
                break;
            }
        }

        file.Position = start;
        return entries;
    }

    /// <summary>Writes a note behind the last entry that was read.</summary>
    private static void Note(FileStream file, JournalEntry entry)
    {
        try
        {
            file.SetLength(file.Position);
            JsonSerializer.Serialize(file, entry, JournalJson.Default.JournalEntry);
            file.WriteByte((byte)'\n');
            file.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // Then the next run does not wait.
        }
    }

    private static void Settle(List<JournalEntry> entries, List<Concern> concerns)
    {
        var isComplete = entries.OfType<CompleteRun>().Any() || entries.OfType<DefineDomain>().Any(IsDefined);
        entries.Reverse();
        foreach (var entry in entries)
        {
            var removed = (entry, isComplete) switch
            {
                (MakeFolder folder, false) => FolderAccess.DeleteIfEmpty(folder.Path) ? folder.Path : null,
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

        foreach (var listed in entries.OfType<ListVolumes>().Where(_ => !isComplete))
        {
            Refresh(listed);
        }
    }

    private static ConnectHandle Connect(string uri)
    {
        try
        {
            return LibvirtHost.Connect(uri);
        }
        catch (LibvirtException e)
        {
            throw new UnreachableException(e.Message, e);
        }
    }

    /// <summary>libvirt goes on listing volumes whose files are gone until it looks again. A pool that is not active will look when it is started.</summary>
    private static void Refresh(ListVolumes entry)
    {
        using var connect = Connect(entry.Connection);
        using var pool = VirStoragePoolLookupByName.Call(connect, entry.Pool);
        if (pool is not null && VirStoragePoolGetInfo.Call(pool, entry.Pool).State == VirStoragePoolState.Running)
        {
            VirStoragePoolRefresh.Call(pool, entry.Pool);
        }
    }

    private static bool IsDefined(DefineDomain entry)
    {
        using var connect = Connect(entry.Connection);
        using var domain = VirDomainLookupByName.Call(connect, entry.Name);
        return domain is not null && VirDomainGetUUIDString.Call(domain, entry.Name) != entry.OldUuid;
    }

    /// <summary>The domain that was to be replaced may be undefined already.</summary>
    private static string? DefineAgain(DefineDomain entry)
    {
        if (entry.OldXml is not null)
        {
            using var connect = Connect(entry.Connection);
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
        using var connect = Connect(entry.Connection);
        using var pool = VirStoragePoolLookupByName.Call(connect, entry.Pool);
        using var volume = pool is null ? null : VirStorageVolLookupByName.Call(pool, name);
        if (volume is null)
        {
            return null;
        }

        VirStorageVolDelete.Call(volume, name);
        return $"{entry.Pool}/{name}";
    }

    /// <summary>The libvirt that has to be asked does not answer.</summary>
    private sealed class UnreachableException(string message, Exception inner) : Exception(message, inner);
}
