using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Management.Automation;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace V2V.PowerShell.Tests;

/// <summary>What build.ps1 -Task Package makes, used as it comes.</summary>
public sealed class PackageTests : IClassFixture<PackageTests.Package>
{
    private const string Ahead = "linux-x64";

    private readonly Package _package;

    public PackageTests(Package package) => _package = package;

    [Fact]
    public void Nothing_but_the_files_of_the_module_is_in_it()
    {
        string[] own = ["V2V.psd1", "LICENSE", "README.md", "CHANGELOG.md", "THIRD-PARTY-NOTICES.txt", "module/V2V.Format.ps1xml", "module/V2V.Types.ps1xml", "module/bin/en-US/V2V.PowerShell.dll-Help.xml"];
        string[] assemblies = ["module/bin/V2V.Loader", "module/bin/V2V.PowerShell", "module/bin/engine/V2V.Engine"];
        var topics = HelpTests.TopicNames.Select(name => $"en-US/{name}.help.txt");
        var notices = File.ReadAllText(Path.Combine(_package.Module, "THIRD-PARTY-NOTICES.txt"));
        var libraries = Regex.Matches(notices, @"^(\S+\.dll)$", RegexOptions.Multiline).Select(match => "module/bin/engine/" + match.Groups[1].Value);
        string[] ahead = _package.IsCompiledAhead ? [$"module/bin/engine/{Ahead}/V2V.Engine.dll", $"module/bin/engine/{Ahead}/V2V.Engine.pdb"] : [];
        var expected = own.Concat(ahead).Concat(assemblies.SelectMany(a => new[] { a + ".dll", a + ".pdb" })).Concat(topics).Concat(libraries);
        var files = Directory.GetFiles(_package.Module, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_package.Module, path));
        // A library that is new has to be in docs/third-party-notices.txt.
        Assert.Equal(expected.Order(StringComparer.Ordinal), files.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_manifest_says_what_the_gallery_asks_for()
    {
        using var session = new Session();
        var manifest = session.Run("param($p) Test-ModuleManifest $p", Path.Combine(_package.Module, "V2V.psd1")).Only<PSModuleInfo>();
        Assert.All(
            new object?[] { manifest.Author, manifest.Description, manifest.CompanyName, manifest.Copyright, manifest.ProjectUri, manifest.LicenseUri, manifest.ReleaseNotes },
            value => Assert.False(string.IsNullOrWhiteSpace(value?.ToString())));
        Assert.Equal(["Core"], manifest.CompatiblePSEditions);
        Assert.Equal(new Version(7, 6), manifest.PowerShellVersion);
        Assert.Subset(manifest.Tags.ToHashSet(), new HashSet<string> { "V2V", "Linux", "Windows", "PSEdition_Core" });
        Assert.All(manifest.Tags, tag => Assert.DoesNotContain(' ', tag));
        Assert.Equal((0, 0), (manifest.ExportedFunctions.Count, manifest.ExportedAliases.Count));
        var text = File.ReadAllText(Path.Combine(_package.Module, "V2V.psd1"));
        Assert.All(["FunctionsToExport = @()", "AliasesToExport = @()", "VariablesToExport = @()"], line => Assert.Contains(line, text, StringComparison.Ordinal));
    }

    [Fact]
    public void The_nupkg_holds_the_module_as_the_gallery_reads_it()
    {
        using var archive = ZipFile.OpenRead(_package.Archive);
        var names = archive.Entries.Select(entry => Uri.UnescapeDataString(entry.FullName)).ToList();
        var files = Directory.GetFiles(_package.Module, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_package.Module, path)).ToList();
        Assert.Subset(names.ToHashSet(), files.ToHashSet());
        string[] parts = ["V2V.nuspec", "[Content_Types].xml", "_rels/.rels"];
        Assert.Subset(names.ToHashSet(), parts.ToHashSet());
        Assert.All(names.Except(files).Except(parts), name => Assert.StartsWith("package/services/metadata/core-properties/", name, StringComparison.Ordinal));

        using var nuspec = archive.GetEntry("V2V.nuspec")!.Open();
        var metadata = XDocument.Load(nuspec).Root!.Elements().First().Elements().ToDictionary(element => element.Name.LocalName, element => element.Value);
        Assert.Equal(("V2V", "0.1.0", "MIT"), (metadata["id"], metadata["version"], metadata["license"]));
        Assert.Subset(metadata["tags"].Split(' ').ToHashSet(), new HashSet<string> { "PSModule", "PSIncludes_Cmdlet", "PSCmdlet_Invoke-V2VConversion", "PSEdition_Core" });
        Assert.Contains("Export-V2VReport", metadata["releaseNotes"], StringComparison.Ordinal);
        Assert.Equal(Path.GetFileName(_package.Archive), $"{metadata["id"]}.{metadata["version"]}.nupkg");
    }

    /// <summary>As a user has it: a folder of PSModulePath, found by its name.</summary>
    [Fact]
    public void The_package_converts_a_guest_and_has_help()
    {
        var script = Path.Combine(_package.Folder, "use.ps1");
        File.WriteAllText(script, $$"""
            $env:PSModulePath = '{{_package.Folder}}'
            Import-Module V2V
            (Get-Module V2V).ModuleBase
            $result = Get-V2VSourceGuest '{{Repository.SampleGuest}}' | Invoke-V2VConversion -OutputDirectory '{{_package.Folder}}/out'
            $result.Disks
            [IO.Path]::GetDirectoryName($result.GetType().Assembly.Location)
            (Get-Help Invoke-V2VConversion).Synopsis
            (Get-Help about_V2V_Troubleshooting).Length -gt 5000
            [string[]] $topics = Get-Help about_V2V* | ForEach-Object Name
            [Array]::Sort($topics, [StringComparer]::Ordinal)
            $topics
            """);
        var (exitCode, lines, error) = Run(ShellProcess.Create(script));
        Assert.True(exitCode == 0, error);
        Assert.Equal(
            [
                _package.Module, Path.Combine(_package.Folder, "out", "debian12-sda.qcow2"), Engine,
                "Converts guests so that they run on KVM.", "True", .. HelpTests.TopicNames.Order(StringComparer.Ordinal),
            ],
            lines.ToArray());
        Assert.True(new FileInfo(lines[1]).Length > 1 << 20);
    }

    /// <summary>Each command of the package once, as people use them together, with its views, its completion and its errors.</summary>
    [Fact]
    public void Every_command_of_the_package_works()
    {
        const string Use = """
            Import-Module V2V
            New-V2VProfile packed -OutputDirectory out-packed -Network default | ForEach-Object Name
            Get-V2VSourceGuest guest.ova | Out-Default
            Test-V2VGuest guest.ova -Profile packed | Out-Default
            Test-V2VGuest guest.ova -Quiet -NoOutput
            $result = Invoke-V2VConversion guest.ova -Profile packed -LogPath run.jsonl -Name packed
            Receive-Job (Invoke-V2VConversion guest.ova -Profile packed -Name second -AsJob) -Wait | ForEach-Object Name
            $result, (Get-V2VSourceGuest nosuch.ova 2>&1) | Export-V2VReport report.html -PassThru | ForEach-Object Name
            (TabExpansion2 'Get-V2VProfile p').CompletionMatches.CompletionText
            Get-V2VProfile | Remove-V2VProfile
            @(Get-V2VProfile).Count
            try { Get-V2VSourceGuest nosuch.ova -ErrorAction Stop } catch [V2V.Engine.V2VException] { $_.FullyQualifiedErrorId }
            """;
        Assert.All(Help.Cmdlet.All, cmdlet => Assert.Contains(cmdlet.Name, Use, StringComparison.Ordinal));
        var folder = Directory.CreateDirectory(Path.Combine(_package.Folder, "use")).FullName;
        File.CreateSymbolicLink(Path.Combine(folder, "guest.ova"), Repository.SampleGuest);
        var script = Path.Combine(folder, "use.ps1");
        File.WriteAllText(script, $"$env:PSModulePath = '{_package.Folder}'\n$ExecutionContext.SessionState.Path.SetLocation('{folder}') > $null\n{Use}\n");
        var start = ShellProcess.Create(script);
        start.Environment["XDG_CONFIG_HOME"] = start.Environment["V2V_MACHINE_PROFILES"] = Path.Combine(folder, "settings");

        var (exitCode, lines, error) = Run(start);

        Assert.True(exitCode == 0, error);
        Assert.Equal(
            ["packed", "True", "second", "report.html", "packed", "0", "SourceNotFound,V2V.PowerShell.Commands.GetV2VSourceGuestCommand"],
            lines.Where(line => !Regex.IsMatch(line, "^(Name|----|debian12) ")));
        Assert.Equal(2, lines.Count(line => Regex.IsMatch(line, "^debian12 +(OVA|True) .*")));
        Assert.Contains("SourceNotFound", File.ReadAllText(Path.Combine(folder, "report.html")), StringComparison.Ordinal);
        Assert.Contains("\"result\":\"converted\"", File.ReadAllText(Path.Combine(folder, "run.jsonl")), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder, "out-packed", "second.xml")));
    }

    /// <summary>The runtime itself counts what it has to compile: less than half, since only generics of .NET's own are left.</summary>
    [Fact]
    public void The_engine_needs_no_compiling_where_it_was_compiled_ahead()
    {
        Assert.SkipUnless(_package.IsCompiledAhead, "The compiler (Microsoft.NETCore.App.Crossgen2) could not be restored.");
        Assert.SkipUnless(RunsAhead, $"The package is compiled ahead for {Ahead}.");
        // What another platform sees of the package.
        var other = Path.Combine(_package.Folder, "other");
        foreach (var file in Directory.GetFiles(_package.Module, "*", SearchOption.AllDirectories).Where(f => !f.Contains(Ahead, StringComparison.Ordinal)))
        {
            var copy = Path.Combine(other, Path.GetRelativePath(_package.Module, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var (ahead, methodsAhead) = Methods(_package.Module);
        var (compiled, methods) = Methods(other);
        Assert.Equal((Engine, Path.Combine(other, "module", "bin", "engine")), (ahead, compiled));
        Assert.True(methodsAhead < methods / 2, $"{methodsAhead} methods of {methods} are still compiled.");
    }

    /// <summary>Where the engine was loaded from, and how many methods an assessment made the runtime compile.</summary>
    private (string Folder, int Methods) Methods(string module)
    {
        var script = Path.Combine(_package.Folder, "methods.ps1");
        File.WriteAllText(script, $$"""
            Import-Module '{{module}}/V2V.psd1'
            $before = [Runtime.JitInfo]::GetCompiledMethodCount($false)
            $result = Test-V2VGuest '{{Repository.SampleGuest}}' -WarningAction SilentlyContinue
            [Runtime.JitInfo]::GetCompiledMethodCount($false) - $before
            [IO.Path]::GetDirectoryName($result.GetType().Assembly.Location)
            """);
        var (exitCode, lines, error) = Run(ShellProcess.Create(script));
        Assert.True(exitCode == 0, error);
        return (lines[1], int.Parse(lines[0], CultureInfo.InvariantCulture));
    }

    /// <summary>Where this platform finds the engine in the package.</summary>
    private string Engine => Path.Combine(_package.Module, "module", "bin", "engine", _package.IsCompiledAhead && RunsAhead ? Ahead : "").TrimEnd('/');

    private static bool RunsAhead => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    private static (int ExitCode, string[] Lines, string Error) Run(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        return (process.ExitCode, lines, error.GetAwaiter().GetResult());
    }

    public sealed class Package : IDisposable
    {
        public Package()
        {
            Folder = Directory.CreateTempSubdirectory("v2v-package-").FullName;
            var configuration = Repository.Shell.Contains("Release", StringComparison.Ordinal) ? "Release" : "Debug";
            var (exitCode, lines, error) = Run(ShellProcess.Create(
                Path.Combine(Repository.Root, "build.ps1"), "-Task", "Package", "-NoBuild", "-Configuration", configuration, "-OutputDirectory", Folder));
            Assert.True(exitCode == 0, string.Join('\n', lines) + error);
            Archive = Directory.GetFiles(Folder, "*.nupkg").Single();
            IsCompiledAhead = !lines.Any(line => line.StartsWith("NOT COMPILED AHEAD", StringComparison.Ordinal));
        }

        public string Folder { get; }

        public string Module => Path.Combine(Folder, "V2V");

        public string Archive { get; }

        /// <summary>The compiler comes as a package, which cannot be had everywhere; build.ps1 says so then.</summary>
        public bool IsCompiledAhead { get; }

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
