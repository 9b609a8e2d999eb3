using V2V.Engine.Disks;
using V2V.Engine.Disks.Overlay;
using V2V.Engine.Disks.Transports;
using V2V.Engine.FileSystems;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Journal;
using V2V.Engine.Targets.Resume;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Faults;

/// <summary>
/// Copies that end in the middle as those of a killed process do, with their journal closed and nothing taken back, and others that go on with
/// them. QEMU judges the image.
/// </summary>
public sealed class ResumedCopyTests : IDisposable
{
    private const int MiB = 1 << 20;

    /// <summary>No multiple of a cluster.</summary>
    private const int Length = (24 * MiB) + 1536;

    private const string Guest = "guest";
    private const string Target = "folder /srv";

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _data = MemoryDisk.Mixed(Length, seed: 21);

    public void Dispose() => _folder.Dispose();

    public static TheoryData<ImageFormat, ImageAllocation> Images() => new()
    {
        { ImageFormat.Raw, ImageAllocation.Sparse },
        { ImageFormat.Raw, ImageAllocation.Preallocated },
        { ImageFormat.Qcow2, ImageAllocation.Sparse },
        { ImageFormat.Qcow2, ImageAllocation.Metadata },
        { ImageFormat.Qcow2, ImageAllocation.Preallocated },
    };

    private string Runs => Directory.CreateDirectory(_folder["runs"]).FullName;

    private string Part => _folder["disk.part"];

    private string Checkpoint => Assert.Single(Directory.GetFiles(Runs, "*" + CheckpointFile.Extension));

    [Theory]
    [MemberData(nameof(Images))]
    public void The_rest_is_copied_and_the_image_is_that_of_one_run(ImageFormat format, ImageAllocation allocation)
    {
        var request = Request(format, allocation);
        Die(request, at: 9 * MiB);
        var (read, taken) = Resume(request);
        Assert.InRange(taken.Bytes, 4 * MiB, 12 * MiB);
        Assert.Equal(0, taken.DamagedBytes);
        Assert.Equal(Length - taken.Bytes, read);
        AssertImage(request, _data);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void It_may_die_again_and_again(ImageFormat format, ImageAllocation allocation)
    {
        var request = Request(format, allocation);
        Die(request, at: 5 * MiB);
        long before = 0;
        foreach (var at in new[] { 11, 16, 21 })
        {
            var taken = DieAgain(request, at * MiB);
            Assert.True(taken > before, $"{taken} after {before}");
            before = taken;
        }

        var (read, last) = Resume(request);
        Assert.Equal(Length - last.Bytes, read);
        Assert.InRange(last.Bytes, 16 * MiB, 23 * MiB);
        AssertImage(request, _data);
    }

    /// <summary>The two runs change other places, and find other places free: each of them is as the second has it.</summary>
    [Theory]
    [MemberData(nameof(Images))]
    public void What_either_run_changed_or_left_out_is_as_the_second_has_it(ImageFormat format, ImageAllocation allocation)
    {
        var request = Request(format, allocation);
        Die(request, at: 16 * MiB, edits: [(2 * MiB) + 5, 7 * MiB], unused: [new(3 * MiB, 2 * MiB)]);
        var (read, taken) = Resume(request, edits: [(5 * MiB) + 9000, 20 * MiB], unused: [new(9 * MiB, MiB), new(10 * MiB, 65536)]);
        Assert.InRange(taken.Bytes, 6 * MiB, 14 * MiB);
        var expected = (byte[])_data.Clone();
        expected.AsSpan(9 * MiB, MiB + 65536).Clear();
        expected[(5 * MiB) + 9000] = expected[20 * MiB] = 0xed;
        // The two blocks with the edits are the overlay's.
        Assert.Equal(Length - MiB - 65536 - (2 * OverlayDisk.BlockSize) - taken.Bytes, read);
        AssertImage(request, expected);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void What_was_tampered_with_is_copied_again(ImageFormat format, ImageAllocation allocation)
    {
        var request = Request(format, allocation);
        Die(request, at: 12 * MiB);
        using (var file = new FileStream(Part, FileMode.Open, FileAccess.ReadWrite))
        {
            // In what is taken over, and where nothing was written to: its end and its header.
            foreach (var at in new long[] { 3 * MiB, (5 * MiB) + 1, file.Length - 1, 100, 23 * MiB })
            {
                file.Position = Math.Min(at, file.Length + (2 * MiB));
                file.WriteByte(0x5a);
                file.WriteByte(0xa5);
            }
        }

        var (_, taken) = Resume(request);
        Assert.InRange(taken.DamagedBytes, 1, 6 * MiB);
        Assert.InRange(taken.Bytes, MiB, 12 * MiB);
        AssertImage(request, _data);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void What_is_cut_off_is_copied_again(ImageFormat format, ImageAllocation allocation)
    {
        var request = Request(format, allocation);
        Die(request, at: 12 * MiB);
        using (var file = new FileStream(Part, FileMode.Open, FileAccess.ReadWrite))
        {
            file.SetLength((4 * MiB) + 77);
        }

        var (_, taken) = Resume(request);
        Assert.InRange(taken.Bytes, MiB, 5 * MiB);
        Assert.True(taken.DamagedBytes > 0);
        AssertImage(request, _data);
    }

    [Fact]
    public void A_file_that_was_replaced_or_removed_is_not_gone_on_with()
    {
        var request = Request(ImageFormat.Raw, ImageAllocation.Sparse);
        Die(request, at: 12 * MiB);
        var copy = File.ReadAllBytes(Part);
        File.Delete(Part);
        AssertAbandoned(request, "is gone");
        Die(request, at: 12 * MiB);
        File.Move(Part, _folder["other"]);
        File.WriteAllBytes(Part, copy);
        AssertAbandoned(request, "is another file now");
    }

    [Fact]
    public void Another_source_or_image_or_guest_is_not_gone_on_with()
    {
        var request = Request(ImageFormat.Qcow2, ImageAllocation.Sparse);
        Die(request, at: 12 * MiB);
        Assert.Null(DeadRuns.Find("another", Target, [], Runs));
        Assert.Null(DeadRuns.Find(Guest, "folder /elsewhere", [], Runs));
        Assert.True(File.Exists(Part));
        AssertAbandoned(request, "has changed since", version: "2");
        Die(request, at: 12 * MiB);
        AssertAbandoned(request, "has changed since", version: null);
        Die(request, at: 12 * MiB);
        AssertAbandoned(request with { Allocation = ImageAllocation.Metadata }, "with other options or for another size");
        Die(request, at: 12 * MiB);
        AssertAbandoned(request with { Capacity = Length + 512 }, "with other options or for another size");
        Die(request, at: 12 * MiB);
        AssertAbandoned(request with { FileName = "disk2" }, "is none of the disks");
    }

    [Fact]
    public void Without_asking_for_it_everything_is_removed()
    {
        Die(Request(ImageFormat.Qcow2, ImageAllocation.Sparse), at: 12 * MiB);
        Assert.Equal("LeftoverRemoved", Assert.Single(DeadRuns.CleanUp(Runs)).Id);
        Assert.Empty(Directory.GetFileSystemEntries(Runs));
        Assert.False(File.Exists(Part));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Shows("CopyResumed", "CopyDamaged")]
    [Lacks("CopyDamaged")]
    public void What_was_taken_over_is_told(bool isDamaged)
    {
        var request = Request(ImageFormat.Raw, ImageAllocation.Sparse);
        Die(request, at: 12 * MiB);
        if (isDamaged)
        {
            using var file = new FileStream(Part, FileMode.Open, FileAccess.Write);
            file.Position = 5 * MiB;
            file.Write("changed"u8);
        }

        using var dead = Find(request, "1", []);
        using var source = new Source(_data, []);
        using var target = new DirectoryTarget(_folder["."]);
        target.Resume(dead!);
        var copies = DiskCopies.Run([Plan(source, request, [])], [request], target, new CopyOptions(), new PhaseClock(null), TestContext.Current.CancellationToken, dead: dead);
        Assert.Equal(isDamaged ? ["CopyResumed", "CopyDamaged"] : ["CopyResumed"], copies.Concerns.Select(c => c.Id));
        Assert.Equal((isDamaged ? 11 : 12) * MiB, copies.BytesResumed);
        Assert.Equal(Length - copies.BytesResumed, copies.BytesRead);
        Assert.Empty(target.RollBack());
        Assert.False(File.Exists(Part));
        Assert.Empty(Directory.GetFileSystemEntries(Runs));
    }

    [Fact]
    [Lacks("CopyResumed")]
    public void A_copy_from_the_beginning_takes_nothing_over()
    {
        var request = Request(ImageFormat.Raw, ImageAllocation.Sparse);
        using var source = new Source(_data, []);
        using var target = new DirectoryTarget(_folder["new"]);
        var copies = DiskCopies.Run([Plan(source, request, [])], [request], target, new CopyOptions(), new PhaseClock(null), TestContext.Current.CancellationToken);
        Assert.DoesNotContain(copies.Concerns, c => c.Id == "CopyResumed");
        Assert.Equal(0, copies.BytesResumed);
    }

    /// <summary>The copy goes on all the same.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Shows("CheckpointFailed")]
    [Lacks("CheckpointFailed")]
    public void A_checkpoint_that_cannot_be_written_is_told(bool canBe)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs what Linux tells of files");
        var request = Request(ImageFormat.Raw, ImageAllocation.Sparse);
        using var source = new Source(_data, []);
        var plan = Plan(source, request, []);
        using var writer = ImageWriters.Create(Part, request.Format, Length, request.Compression, createNew: true);
        using var checkpoints = new CopyCheckpoints(Guest, Target, TimeSpan.FromMilliseconds(1));
        var path = canBe ? Path.Combine(Runs, "a.checkpoint") : _folder["nowhere/a.checkpoint"];
        var disk = checkpoints.Begin(new TargetDisk(writer, new DomainDiskSource(request.Format, Part)) { CheckpointPath = path }, request, plan, null);
        source.Happens = offset => Thread.Sleep(offset > 20 * MiB ? 250 : 0);
        DiskCopier.Copy(plan, writer, new CopyOptions(1), null, disk, TestContext.Current.CancellationToken);
        Assert.Equal(canBe ? null : "CheckpointFailed", checkpoints.Concern?.Id);
        Assert.Equal(canBe, File.Exists(path));
    }

    [Theory]
    [InlineData(ImageCompression.Zstd)]
    [InlineData(ImageCompression.None)]
    [Shows("NotResumable")]
    [Lacks("NotResumable", "NotResumed")]
    public void A_conversion_that_cannot_be_resumed_says_so(ImageCompression compression)
    {
        using var guest = new FaultGuest();
        var found = Convert(guest, new ConversionOptions { Resume = true, Compression = compression });
        Assert.Equal(compression != ImageCompression.None, found.Exists(c => c.Id == "NotResumable"));
        Assert.DoesNotContain(found, c => c.Id == "NotResumed");
    }

    [Fact]
    [Shows("NotResumed")]
    public void A_conversion_that_starts_anew_says_why_and_removes_what_was_left()
    {
        using var guest = new FaultGuest();
        Directory.CreateDirectory(guest.Out);
        var part = guest.Written + ".part";
        using (var journal = new RunJournal(Runs))
        {
            File.WriteAllText(part, "half");
            journal.Add(new MakeFile(part));
            CheckpointFile.Create(journal.CheckpointPath(1), new CheckpointHeader
            {
                Program = CheckpointHeader.ThisProgram,
                Guest = guest.Guest.Name,
                Target = $"folder {guest.Out}",
                Path = part,
                Inode = 1,
                Born = 1,
                Image = CheckpointHeader.Describe(new TargetDiskRequest("", ImageFormat.Qcow2, FaultGuest.DataLength, 0)),
                Source = "another",
                Changed = [],
            }, []).Dispose();
        }

        var found = Convert(guest, new ConversionOptions { Resume = true });
        Assert.Contains("has changed since", Assert.Single(found, c => c.Id == "NotResumed").Message, StringComparison.Ordinal);
        Assert.Contains(found, c => c.Id == "LeftoverRemoved");
        Assert.False(File.Exists(part));
        Assert.Empty(Directory.GetFileSystemEntries(Runs));
        QemuJudge.AssertImage(guest.Written, guest.DataPath);
    }

    /// <summary>Who wants to go on with copies that were cut off has those kept that fail.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [Shows("CopyKept")]
    [Lacks("CopyKept")]
    public void A_copy_that_ends_early_is_kept_for_who_goes_on_with_it(bool resumes, bool isCancelled)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs what Linux tells of files");
        using var guest = new FaultGuest();
        using var stop = new CancellationTokenSource();
        void End()
        {
            // The second disk's copy is noted when the first checkpoint is there.
            Watchdog.WaitUntil(() => Directory.GetFiles(Runs, "*-2" + CheckpointFile.Extension).Length > 0);
            if (!isCancelled)
            {
                throw new DiskImageException(V2VError.DiskImageReadFailed, "The disk is worn.");
            }

            stop.Cancel();
        }

        var ends = FaultyDisk.In(guest.Guest, disk => new FaultyDisk(disk) { At = 40 * MiB, Happens = End });
        var options = new ConversionOptions { Resume = resumes, CheckpointInterval = TimeSpan.FromMilliseconds(1) };
        var failure = Record.Exception(() => Convert(ends, guest.Out, options, cancellation: stop.Token));

        Assert.Equal(isCancelled, failure is OperationCanceledException);
        Assert.Equal(resumes && !isCancelled, (failure as V2VException)?.LeftBehind is [{ Id: "CopyKept" }]);
        Assert.Equal(resumes, File.Exists(guest.Written + ".part"));
        Assert.Equal(resumes, Directory.Exists(guest.Out));
        Assert.Equal(resumes, Directory.GetFileSystemEntries(Runs).Length > 0);

        var result = Convert(guest.Guest, guest.Out, options);
        Assert.Equal(resumes, result.BytesResumed > 4 * MiB);
        Assert.Equal(4, Directory.GetFiles(guest.Out).Length);
        Assert.Empty(Directory.GetFileSystemEntries(Runs));
        QemuJudge.AssertImage(guest.Written, guest.DataPath);
    }

    [Fact]
    public void A_copy_that_differs_from_what_was_written_is_nothing_to_go_on_with()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs what Linux tells of files");
        using var guest = new FaultGuest();
        void Wait() => Watchdog.WaitUntil(() => File.Exists(guest.Written + ".part"));
        var slow = FaultyDisk.In(guest.Guest, disk => new FaultyDisk(disk) { At = 40 * MiB, Happens = Wait });
        var tampering = Listener.At("Compare", () =>
        {
            using var file = new FileStream(guest.Written + ".part", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            file.Position = 20 * MiB;
            file.Write("changed"u8);
        });
        var options = new ConversionOptions { Resume = true, VerifyDisks = true, CheckpointInterval = TimeSpan.FromMilliseconds(1) };
        var error = Assert.Throws<TargetException>(() => Convert(slow, guest.Out, options, tampering));
        Assert.Equal(V2VError.TargetDiffers, error.Error);
        Assert.Empty(error.LeftBehind);
        Assert.False(Directory.Exists(guest.Out));
        Assert.Empty(Directory.GetFileSystemEntries(Runs));
    }

    private List<Concern> Convert(FaultGuest guest, ConversionOptions options) => [.. Convert(guest.Guest, guest.Out, options).Assessment.Concerns];

    private ConversionResult Convert(
        SourceGuest guest, string folder, ConversionOptions options, IProgress<ConversionProgress>? progress = null, CancellationToken? cancellation = null)
    {
        using var target = new DirectoryTarget(folder, GuestPlatform.Libvirt, Runs);
        return new GuestConversion(guest, options) { Journals = Runs }.Convert(target, progress, cancellation ?? TestContext.Current.CancellationToken);
    }

    /// <summary>Cut off at every length and changed in each of many bytes: what is left of it is used or not, but the disk is right.</summary>
    [Theory]
    [InlineData(ImageFormat.Raw, ImageAllocation.Sparse)]
    [InlineData(ImageFormat.Qcow2, ImageAllocation.Sparse)]
    public void A_damaged_checkpoint_never_makes_a_wrong_disk(ImageFormat format, ImageAllocation allocation)
    {
        var request = Request(format, allocation);
        Die(request, at: 12 * MiB);
        var (checkpoint, journal) = (Checkpoint, Assert.Single(Directory.GetFiles(Runs, "*" + RunJournal.Extension)));
        var (bytes, lines) = (File.ReadAllBytes(checkpoint), File.ReadAllBytes(journal));
        var saved = File.ReadAllBytes(Part);
        // The checkpoint knows the file by its number, which stays as long as it has a name.
        ExternalTool.Check("ln", Part, _folder["kept"]);
        var random = new Random(9);
        var used = 0;
        for (var i = 0; i < 40; i++)
        {
            var damaged = (byte[])bytes.Clone();
            if (i % 2 == 0)
            {
                damaged = damaged[..(i == 0 ? 0 : random.Next(damaged.Length))];
            }
            else
            {
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            }

            File.WriteAllBytes(checkpoint, damaged);
            File.WriteAllBytes(journal, lines);
            File.Delete(Part);
            File.Delete(_folder["disk"]);
            ExternalTool.Check("ln", _folder["kept"], Part);
            WriteSparse(Part, saved);
            var concerns = new List<Concern>();
            using var dead = Find(request, "1", concerns);
            if (dead is null)
            {
                // Not even whose it is can be read.
                Assert.Equal("LeftoverRemoved", Assert.Single(concerns).Id);
                Assert.False(File.Exists(Part));
            }
            else
            {
                var (_, taken) = Resume(dead, request, [], []);
                Assert.Equal(0, taken.DamagedBytes);
                used += taken.Bytes > 0 ? 1 : 0;
                AssertImage(request, _data);
            }

            Assert.Empty(Directory.GetFileSystemEntries(Runs));
        }

        Assert.InRange(used, 5, 39);
    }

    private static void WriteSparse(string path, byte[] data)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.SetLength(0);
        file.SetLength(data.Length);
        for (var i = 0; i < data.Length; i += 4096)
        {
            var block = data.AsSpan(i, Math.Min(4096, data.Length - i));
            if (block.ContainsAnyExcept((byte)0))
            {
                file.Position = i;
                file.Write(block);
            }
        }
    }

    private static TargetDiskRequest Request(ImageFormat format, ImageAllocation allocation) => new("disk", format, Length, Length, ImageCompression.None, allocation);

    private void Die(TargetDiskRequest request, int at, int[]? edits = null, ByteRange[]? unused = null)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux's files without a name, and what it tells of files");
        using var journal = new RunJournal(Runs);
        Die(journal, request, taken: null, dead: null, at, edits ?? [], unused ?? []);
    }

    private long DieAgain(TargetDiskRequest request, int at)
    {
        using var dead = Find(request, "1", []);
        Assert.NotNull(dead);
        using var source = new Source(_data, []);
        var taken = dead.Take(request, Plan(source, request, []), null, TestContext.Current.CancellationToken);
        Assert.NotNull(taken);
        using var journal = new RunJournal(Runs);
        journal.TakeOver(dead);
        Die(journal, request, taken, dead, at, [], []);
        return taken.Bytes;
    }

    private void Die(RunJournal journal, TargetDiskRequest request, TakenCopy? taken, DeadCopy? dead, int at, int[] edits, ByteRange[] unused)
    {
        using var source = new Source(_data, edits) { FailsAt = at };
        var plan = Plan(source, request, unused);
        var file = PendingFile.ForImage(journal, _folder["disk"], request with { Taken = taken });
        using var writer = file.Writer;
        using var checkpoints = new CopyCheckpoints(Guest, Target, TimeSpan.FromMilliseconds(1));
        var disk = checkpoints.Begin(new TargetDisk(writer!, new DomainDiskSource(request.Format, Part)) { CheckpointPath = journal.CheckpointPath(1) }, request, plan, taken);
        Assert.NotNull(disk);
        // Several checkpoints, and when it dies one that tells of all that was copied before.
        source.Happens = offset => Watchdog.WaitUntil(() => Noted(journal.CheckpointPath(1)) >= (offset < at ? offset - (2 * MiB) : at));
        var left = taken is null ? plan : plan.Without(taken.Ranges());
        Assert.Throws<DiskImageException>(() => DiskCopier.Copy(left, writer!, new CopyOptions(1), null, disk, TestContext.Current.CancellationToken));
        Assert.True(File.Exists(Part));
    }

    /// <summary>Where what a checkpoint tells of ends.</summary>
    private static long Noted(string checkpoint) => File.Exists(checkpoint) ? CheckpointFile.ReadChunks(checkpoint).Max(c => (long?)c.Offset + c.Length) ?? 0 : 0;

    private (long Read, TakenCopy Taken) Resume(TargetDiskRequest request, int[]? edits = null, ByteRange[]? unused = null)
    {
        using var dead = Find(request, "1", []);
        Assert.NotNull(dead);
        var result = Resume(dead, request, edits ?? [], unused ?? []);
        Assert.Empty(Directory.GetFileSystemEntries(Runs));
        return result;
    }

    private (long Read, TakenCopy Taken) Resume(DeadCopy dead, TargetDiskRequest request, int[] edits, ByteRange[] unused)
    {
        using var source = new Source(_data, edits);
        var plan = Plan(source, request, unused);
        var taken = dead.Take(request, plan, null, TestContext.Current.CancellationToken);
        Assert.NotNull(taken);
        using var journal = new RunJournal(Runs);
        journal.TakeOver(dead);
        var file = PendingFile.ForImage(journal, _folder["disk"], request with { Taken = taken });
        source.BytesRead = 0;
        DiskCopier.Copy(plan.Without(taken.Ranges()), file.Writer!, new CopyOptions(3), cancellation: TestContext.Current.CancellationToken);
        var read = source.BytesRead;
        file.Writer!.Complete();
        using (var written = WrittenDisk.Open(file.Writer.File!, request.Format))
        {
            DiskComparison.Run(plan, written, Part, 0, null, TestContext.Current.CancellationToken);
        }

        file.TakeName(overwrite: false);
        journal.End();
        return (read, taken);
    }

    private DeadCopy? Find(TargetDiskRequest request, string? version, List<Concern> concerns)
    {
        var dead = DeadRuns.Find(Guest, Target, concerns, Runs);
        if (dead?.WhyNot([(request, version)]) is { } why)
        {
            concerns.AddRange(dead.Remove());
            Assert.Fail(why);
        }

        return dead;
    }

    private void AssertAbandoned(TargetDiskRequest request, string why, string? version = "1")
    {
        var dead = DeadRuns.Find(Guest, Target, [], Runs);
        Assert.NotNull(dead);
        Assert.Contains(why, dead.WhyNot([(request, version)]), StringComparison.Ordinal);
        dead.Remove();
        Assert.Empty(Directory.GetFileSystemEntries(Runs));
        Assert.False(File.Exists(Part));
    }

    private void AssertImage(TargetDiskRequest request, byte[] expected)
    {
        File.WriteAllBytes(_folder["expected"], expected);
        var name = request.Format == ImageFormat.Qcow2 ? "qcow2" : "raw";
        if (request.Format == ImageFormat.Qcow2)
        {
            ExternalTool.Check("qemu-img", "check", "-f", name, _folder["disk"]);
        }

        ExternalTool.Check("qemu-img", "compare", "-f", "raw", "-F", name, _folder["expected"], _folder["disk"]);
        if (request.Allocation == ImageAllocation.Preallocated)
        {
            Assert.True(Allocated(_folder["disk"]) >= Length, $"{Allocated(_folder["disk"])} bytes are allocated.");
            return;
        }

        // One that nothing has happened to takes as much, with the same clusters. What a file system rounds up is its own affair.
        File.Delete(_folder["reference"]);
        using var writer = ImageWriters.Create(_folder["reference"], request.Format, Length, ImageCompression.None, createNew: true, request.Allocation);
        DiskCopier.Copy(CopyPlan.Create(new MemoryDisk(expected), [], writer.Granularity), writer, new CopyOptions(), cancellation: TestContext.Current.CancellationToken);
        writer.Complete();
        Assert.InRange(Allocated(_folder["disk"]), 0, Allocated(_folder["reference"]) + MiB);
        if (request is { Format: ImageFormat.Qcow2, Allocation: ImageAllocation.Sparse })
        {
            ExternalTool.Check("qemu-img", "compare", "-s", "-f", name, "-F", name, _folder["reference"], _folder["disk"]);
        }
    }

    private static long Allocated(string path)
    {
        using var file = File.OpenHandle(path);
        return FileStamp.Of(file)!.Value.Allocated;
    }

    private static CopyPlan Plan(Source source, TargetDiskRequest request, ByteRange[] unused) => CopyPlan.Create(
        new CopySource(source.Overlay, new SourceDisk { Path = "disk", Format = "raw", Capacity = Length }, 1, _ => null, ignoresErrors: false),
        unused, ImageWriters.Granularity(request.Format), TestContext.Current.CancellationToken);

    /// <summary>A disk that a conversion has changed in some bytes, and whose reader may be cut off.</summary>
    private sealed class Source : BlockDevice
    {
        private readonly byte[] _data;
        private long _read;

        public Source(byte[] data, int[] edits)
        {
            _data = data;
            Version = "1";
            Overlay = new OverlayDisk(this);
            foreach (var edit in edits)
            {
                Overlay.Write(edit, [0xed]);
            }
        }

        public OverlayDisk Overlay { get; }

        public int FailsAt { get; init; } = int.MaxValue;

        /// <summary>Before each read.</summary>
        public Action<long>? Happens { get; set; }

        public long BytesRead
        {
            get => Interlocked.Read(ref _read);
            set => _read = value;
        }

        public override long Length => ResumedCopyTests.Length;

        public override void Read(long offset, Span<byte> buffer)
        {
            Happens?.Invoke(offset);
            if (offset + buffer.Length > FailsAt)
            {
                throw new DiskImageException(V2VError.DiskImageReadFailed, "The process was killed.");
            }

            Interlocked.Add(ref _read, buffer.Length);
            _data.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
        }
    }
}
