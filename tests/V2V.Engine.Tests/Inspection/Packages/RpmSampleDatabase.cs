using System.Globalization;
using System.Text;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Packages;

/// <summary>The packages of Data/sample.spec as rpm installed them into a database of its own, and what rpm says is in it.</summary>
public sealed class RpmSampleDatabase : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Lazy<string[]> _listed;

    public RpmSampleDatabase() => _listed = new Lazy<string[]>(Make);

    /// <summary>"name EVR arch" of each package, sorted.</summary>
    internal string[] Listed => _listed.Value;

    internal string SqlitePath => Path.Combine(_folder["db"], "rpmdb.sqlite");

    internal string Folder => _folder.Path;

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// The same keys and headers in a Berkeley DB hash database, with the number of the next package under the key 0 as rpm 4.11 keeps it.
    /// </summary>
    internal string WriteBerkeleyDb(string name, int pageSize, bool isBigEndian)
    {
        ExternalTool.Need("db_load", "sqlite3");
        var dump = new StringBuilder("VERSION=3\nformat=bytevalue\ntype=hash\n").Append(CultureInfo.InvariantCulture, $"db_pagesize={pageSize}\n")
            .Append(CultureInfo.InvariantCulture, $"db_lorder={(isBigEndian ? 4321 : 1234)}\nHEADER=END\n 00000000\n 31010000\n");
        foreach (var row in ExternalTool.Check("sqlite3", SqlitePath, "select printf('%08x', hnum), lower(hex(blob)) from Packages").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var (key, value) = row.Split('|') is [var k, var v] ? (k, v) : throw new InvalidOperationException(row);
            dump.Append(' ').Append(key).Append("\n ").Append(value).Append('\n');
        }

        var path = _folder[name];
        var (exitCode, output) = ExternalTool.RunWithInput(dump.Append("DATA=END\n").ToString(), "db_load", path);
        Assert.True(exitCode == 0, output);
        return path;
    }

    private string[] Make()
    {
        ExternalTool.Need("rpm", "rpmbuild");
        var spec = Path.Combine(AppContext.BaseDirectory, "Inspection", "Packages", "Data", "sample.spec");
        ExternalTool.Check("rpmbuild", "-bb", "--quiet", "--define", $"_topdir {_folder["build"]}", spec);
        var packages = Directory.GetFiles(Path.Combine(_folder["build"], "RPMS", "noarch"));
        ExternalTool.Check("rpm", ["--dbpath", _folder["db"], "-i", "--justdb", "--nodeps", "--nosignature", .. packages]);
        return Lines(ExternalTool.Check("rpm", "--dbpath", _folder["db"], "-qa", "--qf", "%{NAME} %{EVR} %{ARCH}\\n"));
    }

    internal static string[] Lines(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
}
