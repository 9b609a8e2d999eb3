using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Journal;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Journal;

/// <summary>Runs that die: their journal is closed, as the end of a process would, and nothing else is.</summary>
public sealed class DeadRunsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Journals => _folder["runs"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [Shows("LeftoverRemoved")]
    public void What_a_dead_run_made_is_removed(bool hasName, bool replaces)
    {
        if (replaces)
        {
            File.WriteAllText(_folder["disk"], "old");
        }

        var file = Die(journal =>
        {
            var made = Make(journal, "disk");
            if (hasName)
            {
                made.TakeName(replaces);
            }

            return made;
        });
        Assert.True(File.Exists(hasName ? file.FinalPath : file.TemporaryPath));

        Assert.Equal("LeftoverRemoved", Assert.Single(DeadRuns.CleanUp(Journals)).Id);
        Assert.Equal(replaces ? ["disk"] : Array.Empty<string>(), Files());
        Assert.Equal("old", replaces ? File.ReadAllText(_folder["disk"]) : "old");
        Assert.Empty(Directory.EnumerateFiles(Journals));
        Assert.Empty(DeadRuns.CleanUp(Journals));
    }

    /// <summary>A process that is just being started has the files open that this one has, until it runs its program: as a second descriptor of the same open file.</summary>
    [Fact]
    public void A_dead_run_has_no_lock_even_if_its_journal_is_still_open_elsewhere()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs what Linux tells of open files");
        SafeFileHandle? second = null;
        Die(journal =>
        {
            Make(journal, "disk");
            // The journal was made without a name, and is called by its number there.
            var descriptor = Directory.GetFiles("/proc/self/fd").Single(f => new FileInfo(f).LinkTarget?.StartsWith(Journals, StringComparison.Ordinal) == true);
            second = new SafeFileHandle(Duplicate(int.Parse(Path.GetFileName(descriptor), CultureInfo.InvariantCulture)), ownsHandle: true);
            Assert.Empty(DeadRuns.CleanUp(Journals));
        });
        using (second)
        {
            Assert.Equal("LeftoverRemoved", Assert.Single(DeadRuns.CleanUp(Journals)).Id);
        }
    }

    /// <summary>Between the two renames nothing has the final name.</summary>
    [Fact]
    public void What_a_dead_run_had_moved_away_is_put_back()
    {
        Die(journal =>
        {
            Make(journal, "disk");
            File.WriteAllText(_folder["disk.replaced"], "old");
            journal.Add(new NameFile(_folder["disk"], _folder["disk.part"], _folder["disk.replaced"], 3, DateTime.UtcNow));
        });
        DeadRuns.CleanUp(Journals);
        Assert.Equal(["disk"], Files());
        Assert.Equal("old", File.ReadAllText(_folder["disk"]));
    }

    [Fact]
    public void A_run_that_was_complete_is_brought_to_its_end()
    {
        File.WriteAllText(_folder["disk"], "old");
        Die(journal =>
        {
            Make(journal, "disk").TakeName(overwrite: true);
            journal.Add(new CompleteRun());
        });
        Assert.Equal(["disk", "disk.replaced"], Files());
        DeadRuns.CleanUp(Journals);
        Assert.Equal(["disk"], Files());
        Assert.Equal("new", File.ReadAllText(_folder["disk"]));
    }

    [Fact]
    public void What_was_changed_since_stays()
    {
        Die(journal => Make(journal, "disk").TakeName(overwrite: false));
        File.AppendAllText(_folder["disk"], " and used");
        Assert.Empty(DeadRuns.CleanUp(Journals));
        Assert.Equal("new and used", File.ReadAllText(_folder["disk"]));
    }

    [Fact]
    public void A_run_that_lives_is_left_alone()
    {
        using var journal = new RunJournal(Journals);
        Make(journal, "disk");
        Assert.Empty(DeadRuns.CleanUp(Journals));
        Assert.Equal(["disk.part"], Files());
        journal.End();
        Assert.Empty(Directory.EnumerateFiles(Journals));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"did\":\"makeFile\",\"pa")]
    [InlineData("{\"did\":\"fly\"}\n")]
    [InlineData("nothing of ours\n")]
    public void A_line_that_was_not_finished_ends_a_journal(string line)
    {
        Die(journal => Make(journal, "disk"));
        var path = Assert.Single(Directory.EnumerateFiles(Journals));
        File.AppendAllText(path, line);
        DeadRuns.CleanUp(Journals);
        Assert.Empty(Files());
    }

    [Fact]
    public void A_libvirt_that_does_not_answer_is_asked_again_later()
    {
        Die(journal => journal.Add(new MakeVolume("qemu+unix:///system?socket=/nowhere", "default", "disk", null)));
        Assert.Equal("LeftBehind", Assert.Single(DeadRuns.CleanUp(Journals)).Id);
        Assert.Single(Directory.EnumerateFiles(Journals));
    }

    /// <summary>Each attempt at a host that is down may take minutes, and there may be a conversion every minute.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("{\"did\":\"makeFile\",\"pa")]
    public void A_libvirt_that_does_not_answer_is_asked_once_an_hour(string unfinished)
    {
        using var deaf = new DeafServer(_folder["socket"]);
        Die(journal => journal.Add(new MakeVolume($"qemu+unix:///system?socket={_folder["socket"]}", "default", "disk", null)));
        var path = Assert.Single(Directory.EnumerateFiles(Journals));
        File.AppendAllText(path, unfinished);

        var first = Assert.Single(DeadRuns.CleanUp(Journals));
        Assert.Equal("LeftBehind", first.Id);
        Assert.Contains("tried again once 60 minutes have passed", first.Message, StringComparison.Ordinal);
        Assert.Equal(1, deaf.Calls);
        Assert.Equal(first, Assert.Single(DeadRuns.CleanUp(Journals)));
        Assert.Equal(1, deaf.Calls);

        var old = DateTime.UtcNow.AddMinutes(-61).ToString("O");
        File.WriteAllText(path, Regex.Replace(File.ReadAllText(path), "(?<=\"time\":\")[^\"]*", old));
        Assert.Equal("LeftBehind", Assert.Single(DeadRuns.CleanUp(Journals)).Id);
        Assert.Equal(2, deaf.Calls);
    }

    [Fact]
    public void Folders_that_a_dead_run_made_are_removed_unless_something_is_in_them()
    {
        Directory.CreateDirectory(_folder["a/b"]);
        Die(journal =>
        {
            journal.Add(new MakeFolder(_folder["a"]));
            journal.Add(new MakeFolder(_folder["a/b"]));
            return 0;
        });
        File.WriteAllText(_folder["a/other"], "");
        Assert.Contains(_folder["a/b"], Assert.Single(DeadRuns.CleanUp(Journals)).Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(_folder["a"]));
    }

    /// <summary>What a rollback could not do is left to the next run.</summary>
    [Fact]
    public void A_journal_that_is_abandoned_stays()
    {
        using var journal = new RunJournal(Journals);
        Make(journal, "disk");
        journal.Abandon();
        journal.End();
        Assert.Equal("LeftoverRemoved", Assert.Single(DeadRuns.CleanUp(Journals)).Id);
        Assert.Empty(Files());
    }

    /// <summary>Takes calls and hangs up.</summary>
    private sealed class DeafServer : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private int _calls;

        public DeafServer(string path)
        {
            _socket.Bind(new UnixDomainSocketEndPoint(path));
            _socket.Listen();
            new Thread(Answer) { IsBackground = true }.Start();
        }

        public int Calls => Volatile.Read(ref _calls);

        public void Dispose() => _socket.Dispose();

        private void Answer()
        {
            try
            {
                while (true)
                {
                    using var call = _socket.Accept();
                    Interlocked.Increment(ref _calls);
                }
            }
            catch (SocketException)
            {
            }
            catch (ObjectDisposedException)
            {
            }
        }
    }

    private void Die(Action<RunJournal> work) => Die(journal =>
    {
        work(journal);
        return 0;
    });

    private T Die<T>(Func<RunJournal, T> work)
    {
        using var journal = new RunJournal(Journals);
        return work(journal);
    }

    private PendingFile Make(RunJournal journal, string name)
    {
        var file = new PendingFile(journal, _folder[name]);
        File.WriteAllText(file.TemporaryPath, "new");
        file.IsCreated = true;
        return file;
    }

    private IEnumerable<string> Files() => Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal);

    [DllImport("libc", EntryPoint = "dup")]
    private static extern int Duplicate(int descriptor);
}
