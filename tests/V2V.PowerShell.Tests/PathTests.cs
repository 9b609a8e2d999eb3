using V2V.Engine;
using V2V.Engine.Sources;

namespace V2V.PowerShell.Tests;

/// <summary>The ways in which PowerShell writes paths.</summary>
public sealed class PathTests : IDisposable
{
    private readonly Session _session = new();

    [Theory]
    [InlineData("Get-V2VSourceGuest {0}")]
    [InlineData("Test-V2VGuest -AsIs {0}")]
    [InlineData("'{0}' | Test-V2VGuest -AsIs")]
    [InlineData("[pscustomobject]@{ Path = '{0}' } | Get-V2VSourceGuest")]
    public void Drives_wildcards_and_the_home_folder(string command)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var name = $"v2v-test-{Guid.NewGuid():N}";
        Directory.CreateDirectory(Path.Combine(home, name));
        Guests.WriteSataVmx(Path.Combine(home, name), "web01");
        Guests.WriteSataVmx(_session.Folder, "db01");
        var temporary = Path.GetFileName(_session.Folder);
        try
        {
            foreach (var (path, expected) in new[]
            {
                ($"Temp:/{temporary}/db01.vmx", "db01"), ($"Temp:/{temporary}/d*.vmx", "db01"), ($"FileSystem::{_session.Folder}/db01.vmx", "db01"),
                ($"~/{name}/web01.vmx", "web01"), ($"~/{name}/*.vmx", "web01"),
            })
            {
                var found = _session.Run(command.Replace("{0}", path, StringComparison.Ordinal)).All<object>();
                Assert.Equal(expected, Assert.Single(found) is GuestAssessment assessment ? assessment.Source.Name : ((SourceGuest)found[0]).Name);
            }
        }
        finally
        {
            Directory.Delete(Path.Combine(home, name), recursive: true);
        }
    }

    [Fact]
    public void Names_with_brackets_are_literal_where_they_are_meant_to_be()
    {
        Guests.WriteSataVmx(_session.Folder, "web[1]");
        Guests.WriteSataVmx(_session.Folder, "web1");
        Assert.Equal(
            ["web[1]", "web1", "web[1]", "web[1]"],
            _session.Run("param($f) Test-V2VGuest -AsIs -LiteralPath $f/web[1].vmx; Test-V2VGuest -AsIs $f/web[1].vmx; Test-V2VGuest -AsIs \"$f/web``[1``].vmx\"; [IO.FileInfo]::new(\"$f/web[1].vmx\") | Test-V2VGuest -AsIs", _session.Folder)
                .All<GuestAssessment>().Select(a => a.Source.Name));
    }

    [Fact]
    public void Outputs_may_be_on_drives_and_in_the_current_folder()
    {
        var path = Guests.WriteSataVmx(_session.Folder, "web01");
        var result = _session.Run(
            """
            param($p, $f, $t) $ExecutionContext.SessionState.Path.SetLocation($f) > $null
            Invoke-V2VConversion $p -AsIs -OutputDirectory Temp:/$t/out -LogPath run.jsonl -TemporaryDirectory .
            """, path, _session.Folder, Path.GetFileName(_session.Folder)).Only<ConversionResult>();
        Assert.Equal(Path.Combine(_session.Folder, "out", "web01.xml"), result.DomainXmlPath);
        Assert.True(File.Exists(Path.Combine(_session.Folder, "run.jsonl")));
    }

    [Theory]
    [InlineData("Invoke-V2VConversion x -OutputDirectory Env:/x", "NotAFileSystemPath")]
    [InlineData("Invoke-V2VConversion x -OutputDirectory out -LogPath Variable:/x", "NotAFileSystemPath")]
    [InlineData("Test-V2VGuest Env:/PATH", "NotAFileSystemPath")]
    [InlineData("Test-V2VGuest NoSuchDrive:/x", "DriveNotFound")]
    [InlineData("Test-V2VGuest -LiteralPath /no/such/guest.vmx", "SourceNotFound")]
    public void What_is_no_file_is_said_so(string script, string id) =>
        Assert.StartsWith(id + ",", _session.RunToTerminatingError(script).FullyQualifiedErrorId, StringComparison.Ordinal);

    public void Dispose() => _session.Dispose();
}
