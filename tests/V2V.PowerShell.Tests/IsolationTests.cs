using System.Diagnostics;
using System.Reflection;
using System.Reflection.Emit;

namespace V2V.PowerShell.Tests;

/// <summary>The module beside another one that brings other versions of the same libraries, in a process of its own.</summary>
public sealed class IsolationTests : IDisposable
{
    /// <summary>1 MiB of zeros.</summary>
    private const string Bzip2Zeros = "QlpoOTFBWSZTWThXHOUACAhAAMAEAAggADDMBSmmCAbEIB4u5IpwoSBwrjnK";

    private const string UseTheModule = """
        function Use-Module([string] $when) {
            "$when $((Get-V2VSourceGuest -Disk "$PSScriptRoot/zeros.raw.bz2").Disks[0].Capacity)"
            $secret = [securestring]::new(); $secret.AppendChar('x')
            Get-V2VSourceGuest ssh://127.0.0.1:1/web.vmx -Credential ([pscredential]::new('nobody', $secret)) -ErrorAction SilentlyContinue -ErrorVariable failed
            "$when $($failed[0].FullyQualifiedErrorId -replace ',.*')"
        }
        function Use-OtherModule {
            foreach ($library in 'SharpCompress', 'Renci.SshNet', 'ZstdSharp') {
                $other = [Reflection.Assembly]::LoadFrom("$PSScriptRoot/$library.dll")
                "other $($other.GetName().Version) $([Runtime.Loader.AssemblyLoadContext]::GetLoadContext($other).Name)"
            }
        }
        """;

    private static readonly string[] Worked = ["1048576", "RemoteUnavailable"];

    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-isolation-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("99.0.0.0")]
    [InlineData("0.0.1.0")]
    public void Other_versions_that_were_there_first_do_no_harm(string version)
    {
        WriteOtherVersions(version);
        var lines = Run($"Use-OtherModule; Import-Module '{Repository.Manifest}'; Use-Module first; Use-OtherModule");
        string[] others = [.. Enumerable.Repeat($"other {version} Default", 3)];
        Assert.Equal([.. others, .. Worked.Select(w => $"first {w}"), .. others], lines);
    }

    [Fact]
    public void Other_versions_that_come_later_are_not_harmed()
    {
        WriteOtherVersions("99.0.0.0");
        var lines = Run($"Import-Module '{Repository.Manifest}'; Use-Module first; Use-OtherModule; Remove-Module V2V; Import-Module '{Repository.Manifest}'; Use-Module second");
        string[] others = [.. Enumerable.Repeat("other 99.0.0.0 Default", 3)];
        Assert.Equal([.. Worked.Select(w => $"first {w}"), .. others, .. Worked.Select(w => $"second {w}")], lines);
    }

    /// <summary>They live where PowerShell does not look for types.</summary>
    [Fact]
    public void Scripts_can_name_the_types_of_the_module()
    {
        var lines = Run($$"""
            Import-Module '{{Repository.Manifest}}'
            $guest = Get-V2VSourceGuest '{{Repository.SampleGuest}}'
            $guest -is [V2V.Engine.Sources.SourceGuest]
            function Test-Typed([V2V.Engine.Sources.SourceGuest[]] $Guests) { $Guests.Count }
            Test-Typed $guest, $guest
            [V2V.Engine.Concern]::new('Warning', 'Own', 'message', $null).Severity -eq [V2V.Engine.ConcernSeverity]::Warning
            try { Get-V2VSourceGuest '{{_folder}}/nosuch.vmx' -ErrorAction Stop } catch [V2V.Engine.V2VException] { "caught $($_.Exception.Error)" }
            (1..2 | ForEach-Object -Parallel { Import-Module '{{Repository.Manifest}}'; Get-V2VSourceGuest '{{Repository.SampleGuest}}' }).ForEach({ $_ -is [V2V.Engine.Sources.SourceGuest] })
            [Runtime.Loader.AssemblyLoadContext]::GetLoadContext($guest.GetType().Assembly).Name
            """);
        Assert.Equal(["True", "2", "True", "caught SourceNotFound", "True", "True", "V2V"], lines);
    }

    /// <summary>Libraries of the same names as the module's own, and nothing in them.</summary>
    private void WriteOtherVersions(string version)
    {
        File.WriteAllBytes(Path.Combine(_folder, "zeros.raw.bz2"), Convert.FromBase64String(Bzip2Zeros));
        foreach (var library in new[] { "SharpCompress", "Renci.SshNet", "ZstdSharp" })
        {
            var name = AssemblyName.GetAssemblyName(Path.Combine(Repository.Root, "module", "bin", "engine", library + ".dll"));
            name.Version = new Version(version);
            var assembly = new PersistedAssemblyBuilder(name, typeof(object).Assembly);
            assembly.DefineDynamicModule(library);
            assembly.Save(Path.Combine(_folder, library + ".dll"));
        }
    }

    private string[] Run(string script)
    {
        var path = Path.Combine(_folder, "script.ps1");
        File.WriteAllText(path, $"{UseTheModule}\n{script}\n");
        var start = ShellProcess.Create(path);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.GetAwaiter().GetResult() + string.Join('\n', lines));
        return lines;
    }
}
