using System.Buffers.Binary;
using System.IO.Compression;
using V2V.Engine.Inspection.Packages.Rpm;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Packages;

public sealed class RpmDatabaseTests(RpmSampleDatabase sample) : IClassFixture<RpmSampleDatabase>
{
    private const int Mutants = 500;

    [Fact]
    public void Sqlite_databases_hold_what_rpm_lists()
    {
        Assert.Equal(305, sample.Listed.Length);
        Assert.Contains("vim-minimal 2:9.0.2081-1.el9 noarch", sample.Listed);
        Assert.Contains("zero-epoch 0:1-1 noarch", sample.Listed);

        Assert.Equal(sample.Listed, Read("rpmdb.sqlite", File.ReadAllBytes(sample.SqlitePath)));
    }

    [Theory]
    [InlineData(512)]
    [InlineData(65536)]
    public void Sqlite_databases_of_every_page_size_are_read(int pageSize)
    {
        var listed = sample.Listed;
        var path = Path.Combine(sample.Folder, $"pages-{pageSize}");
        ExternalTool.Check("sqlite3", sample.SqlitePath, $"vacuum into '{path}'");
        ExternalTool.Check("sqlite3", path, $"pragma journal_mode=delete; pragma page_size={pageSize}; vacuum;");

        Assert.Equal(listed, Read("rpmdb.sqlite", File.ReadAllBytes(path)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_a_crash_left_in_the_log_counts_up_to_the_last_whole_transaction(bool isWhole)
    {
        var listed = sample.Listed;
        var path = Path.Combine(sample.Folder, $"crashed-{isWhole}");
        File.Copy(sample.SqlitePath, path);
        // Two transactions that stay in the log: one removes most packages, the other one more.
        var (exitCode, output) = ExternalTool.RunWithInput(
            "pragma journal_mode=wal;\n.dbconfig no_ckpt_on_close on\ndelete from Packages where hnum > 100;\nvacuum;\ndelete from Packages where hnum = 7;\n", "sqlite3", path);
        Assert.True(exitCode == 0, output);
        var kept = RpmSampleDatabase.Lines(ExternalTool.Check("rpm", "--dbpath", Isolated(path, isWhole), "-qa", "--qf", "%{NAME} %{EVR} %{ARCH}\\n"));
        Assert.Equal(isWhole ? 99 : 100, kept.Length);
        var wal = File.ReadAllBytes(path + "-wal");
        if (!isWhole)
        {
            wal[^100] ^= 1;
        }

        Assert.Equal(kept, Read("rpmdb.sqlite", File.ReadAllBytes(path), wal));
        Assert.Equal(listed, Read("rpmdb.sqlite", File.ReadAllBytes(path)));
    }

    [Theory]
    [InlineData(512, false)]
    [InlineData(4096, false)]
    [InlineData(4096, true)]
    [InlineData(65536, true)]
    public void Berkeley_db_hash_databases_of_both_byte_orders_are_read(int pageSize, bool isBigEndian)
    {
        var listed = sample.Listed;
        var path = sample.WriteBerkeleyDb($"Packages-{pageSize}-{isBigEndian}", pageSize, isBigEndian);

        Assert.Equal(listed, Read("Packages", File.ReadAllBytes(path)));
    }

    [Fact]
    public void The_hash_format_of_rhel_5_is_read()
    {
        var listed = sample.Listed;
        var database = File.ReadAllBytes(sample.WriteBerkeleyDb("Packages-8", 4096, isBigEndian: false));
        // Version 8 differs from 9 in that pages are of the unsorted kind.
        database[16] = 8;
        for (var page = 4096; page < database.Length; page += 4096)
        {
            database[page + 25] = database[page + 25] == 13 ? (byte)2 : database[page + 25];
        }

        Assert.Equal(listed, Read("Packages", database));
    }

    [Fact]
    public void Ndb_databases_hold_what_rpm_lists() =>
        Assert.Equal(File.ReadAllLines(Data("Packages.db.list")).Order(StringComparer.Ordinal), Read("Packages.db", Ndb()));

    [Fact]
    public void Other_kinds_of_berkeley_db_are_refused_by_name()
    {
        var page = new byte[512];
        BinaryPrimitives.WriteUInt32BigEndian(page.AsSpan(12), 0x053162);

        var e = Assert.ThrowsAny<V2VException>(() => Read("Packages", page));

        Assert.Contains("/var/lib/rpm/Packages is a Berkeley DB B-tree", e.Message);
    }

    [Fact]
    public void Damaged_ndb_databases_end_in_the_engines_exception() => Damage("Packages.db", Ndb());

    [Fact]
    public void Damaged_sqlite_databases_end_in_the_engines_exception()
    {
        _ = sample.Listed;
        Damage("rpmdb.sqlite", File.ReadAllBytes(sample.SqlitePath));
    }

    [Fact]
    public void Damaged_berkeley_db_databases_end_in_the_engines_exception()
    {
        _ = sample.Listed;
        Damage("Packages", File.ReadAllBytes(sample.WriteBerkeleyDb("Packages-mutants", 512, isBigEndian: false)));
    }

    [Fact]
    public void Damaged_logs_end_in_the_engines_exception_or_do_not_count()
    {
        _ = sample.Listed;
        var path = Path.Combine(sample.Folder, "mutants");
        File.Copy(sample.SqlitePath, path);
        ExternalTool.RunWithInput("pragma journal_mode=wal;\n.dbconfig no_ckpt_on_close on\ndelete from Packages where hnum < 50;\n", "sqlite3", path);
        var database = File.ReadAllBytes(path);
        var log = File.ReadAllBytes(path + "-wal");
        // A log that ends early is one that was never finished: nothing of it is refused, the pages before it are read.
        for (var seed = 0; seed < 100; seed++)
        {
            var damaged = (byte[])log.Clone();
            damaged[new Random(seed).Next(damaged.Length)] ^= 0x10;
            Assert.NotEmpty(Read("rpmdb.sqlite", database, damaged));
        }
    }

    /// <summary>Half of the mutants are damaged where a database keeps its structure, the others anywhere.</summary>
    private static void Damage(string fileName, byte[] database)
    {
        Mutations.Check(database, 8192, Mutants / 2, damaged => Read(fileName, damaged));
        Mutations.Check(database, database.Length, Mutants / 2, damaged => Read(fileName, damaged), Shred);
    }

    /// <summary>Single bytes seldom hit what matters in a file that is mostly names of files, so one in a hundred is changed.</summary>
    private static void Shred(byte[] database)
    {
        var random = new Random(database.Length);
        for (var i = 0; i < database.Length / 100; i++)
        {
            database[random.Next(database.Length)] = (byte)random.Next(256);
        }
    }

    private static string[] Read(string fileName, byte[] database, byte[]? log = null)
    {
        using var fileSystem = new MemoryFileSystem().With($"/var/lib/rpm/{fileName}", database);
        if (log is not null)
        {
            fileSystem.With($"/var/lib/rpm/{fileName}-wal", log);
        }

        var root = new Engine.FileSystems.GuestRoot([new Engine.FileSystems.GuestMount("/", fileSystem, MemoryVolume.Partition(0, 1))]);
        var rpm = new RpmDatabase();
        return [.. rpm.Read(root, rpm.Find(root)!).Select(p => $"{p.Name} {p.Version} {p.Architecture}").Order(StringComparer.Ordinal)];
    }

    private static byte[] Ndb()
    {
        using var packed = new GZipStream(File.OpenRead(Data("Packages.db.gz")), CompressionMode.Decompress);
        using var database = new MemoryStream();
        packed.CopyTo(database);
        return database.ToArray();
    }

    private static string Data(string name) => Path.Combine(AppContext.BaseDirectory, "Inspection", "Packages", "Data", name);

    /// <summary>A folder with a copy of a database and its log (damaged, unless it is whole), which rpm may change.</summary>
    private string Isolated(string path, bool isWhole)
    {
        var folder = Directory.CreateDirectory(Path.Combine(sample.Folder, $"isolated-{isWhole}")).FullName;
        var wal = File.ReadAllBytes(path + "-wal");
        if (!isWhole)
        {
            wal[^100] ^= 1;
        }

        File.Copy(path, Path.Combine(folder, "rpmdb.sqlite"));
        File.WriteAllBytes(Path.Combine(folder, "rpmdb.sqlite-wal"), wal);
        return folder;
    }
}
