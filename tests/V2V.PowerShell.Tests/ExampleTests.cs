using System.Formats.Tar;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Sources;
using V2V.Help;

namespace V2V.PowerShell.Tests;

/// <summary>
/// Every example of the help pages and of README.md is run, in a folder with guests of the names that examples use. Those that need another
/// machine, or a guest that is not there, run with commands that take the same parameters and return the same types, but do nothing.
/// </summary>
[Collection(ProfilesCollection.Name)]
public sealed class ExampleTests : IClassFixture<ExampleTests.Folder>, IDisposable
{
    /// <summary>What makes an example one for another machine.</summary>
    private static readonly Dictionary<string, string> Elsewhere = new()
    {
        ["://"] = "another host",
        [" -StoragePool"] = "a libvirt with that pool",
        [" -Bridge"] = "a libvirt host with that bridge",
        ["Get-VM "] = "Hyper-V's or VMware's module",
        ["-DriverSource"] = "a Windows guest, and drivers for it",
        ["-AllowNoDrivers"] = "a Windows guest",
        ["virt-v2v.conf"] = "a configuration of virt-v2v",
        ["-AllowDiskFolder"] = "a host's folder of disks",
        ["-AsIs"] = "a guest that cannot be edited",
        ["/dev/sd"] = "a disk of the machine",
        ["-Root"] = "a guest with several systems",
    };

    /// <summary>Profiles that examples name.</summary>
    private static readonly string[] Profiles = ["prod", "lab", "dc1", "windows", "site"];

    /// <summary>Places that examples name, and where they are in the test.</summary>
    private static readonly Dictionary<string, string> Places = new()
    {
        ["/srv/vms"] = "OWN/out",
        ["/srv/exports"] = "FOLDER",
        ["/srv/export/web01"] = "FOLDER/web01",
        ["/var/log/"] = "OWN/",
        ["~/"] = "OWN/",
    };

    /// <summary>As much as examples need of commands that a whole PowerShell has and its engine alone has not.</summary>
    private const string Utilities = """
        function Full([string] $path) { $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($path) }
        function Select-Object { param([Parameter(Position = 0)] $Property, $ExpandProperty, [int] $First, [Parameter(ValueFromPipeline)] $InputObject)
            process { if ($ExpandProperty) { $InputObject.$ExpandProperty } else { $InputObject } } }
        function Format-List { param([Parameter(Position = 0)] $Property, [Parameter(ValueFromPipeline)] $InputObject) process { $InputObject } }
        function Format-Table { param([Parameter(Position = 0)] $Property, [switch] $AutoSize, [Parameter(ValueFromPipeline)] $InputObject) process { $InputObject } }
        function Sort-Object { param([Parameter(Position = 0)] $Property, [switch] $Descending, [Parameter(ValueFromPipeline)] $InputObject) process { $InputObject } }
        function Group-Object { param([Parameter(Position = 0)] $Property, [Parameter(ValueFromPipeline)] $InputObject) process { [pscustomobject]@{ Count = 1; Name = $InputObject.$Property; Group = @($InputObject) } } }
        function Measure-Object { param([Parameter(Position = 0)] $Property, [switch] $Sum, [Parameter(ValueFromPipeline)] $InputObject) end { [pscustomobject]@{ Sum = 1 } } }
        function Export-Clixml { param([Parameter(Mandatory, Position = 0)] $Path, [Parameter(ValueFromPipeline)] $InputObject)
            begin { $all = [Collections.Generic.List[object]]::new() } process { $all.Add($InputObject) } end { [IO.File]::WriteAllText((Full $Path), [Management.Automation.PSSerializer]::Serialize($all, 2)) } }
        function Import-Clixml { param([Parameter(Mandatory, Position = 0)] $Path) [Management.Automation.PSSerializer]::Deserialize([IO.File]::ReadAllText((Full $Path))) }
        function Export-Csv { param([Parameter(Mandatory, Position = 0)] $Path, [Parameter(ValueFromPipeline)] $InputObject) end { [IO.File]::WriteAllText((Full $Path), '') } }
        function ConvertTo-Json { param([int] $Depth, [Parameter(ValueFromPipeline)] $InputObject) process { "$InputObject" } }
        function Set-Content { param([Parameter(Mandatory, Position = 0)] $Path, [Parameter(ValueFromPipeline)] $Value) end { [IO.File]::WriteAllText((Full $Path), "$Value") } }
        function Get-Content { param([Parameter(Mandatory, Position = 0)] $Path) [IO.File]::ReadAllLines((Full $Path)) }
        function Import-Csv { param([Parameter(Mandatory, Position = 0)] $Path)
            $names, $rows = [IO.File]::ReadAllLines((Full $Path)); $names = $names -split ','
            foreach ($row in $rows) { $object = [ordered]@{}; $values = $row -split ','; for ($i = 0; $i -lt $names.Count; $i++) { $object[$names[$i]] = $values[$i] }; [pscustomobject]$object } }
        function Get-ChildItem { param([Parameter(Position = 0)] $Path = '.', $Filter = '*', [switch] $Recurse) [IO.DirectoryInfo]::new((Full $Path)).GetFiles($Filter) }
        function Get-Date { param($Format) '2026-01-31' }
        function Get-Credential { param([Parameter(Position = 0)] $UserName) [pscredential]::new($UserName, [securestring]::new()) }
        function Get-VM { param([Parameter(Position = 0)] $Name) [pscustomobject]@{ Name = 'web01'; HardDrives = @() } }
        function Install-PSResource { param([Parameter(Mandatory, Position = 0)] $Name) }
        function virsh { param([Parameter(Position = 0, ValueFromRemainingArguments)] $Arguments, [Parameter(ValueFromPipeline)] $InputObject) process { "virsh $Arguments" } }
        function Write-Output { param([Parameter(Position = 0, ValueFromPipeline)] $InputObject) process { $InputObject } }
        """;

    private readonly Session _session = new();
    private readonly Folder _folder;

    public ExampleTests(Folder folder) => _folder = folder;

    public void Dispose() => _session.Dispose();

    public static TheoryData<string, string> Examples => [.. All.Keys];

    private static Dictionary<(string Page, string Title), string> All { get; } = ReadAll();

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_runs(string page, string title)
    {
        var code = All[(page, title)];
        var reasons = Elsewhere.Where(reason => code.Contains(reason.Key, StringComparison.Ordinal)).Select(reason => reason.Value).ToList();
        var here = Places.Aggregate(code, (text, place) => text.Replace(place.Key, place.Value, StringComparison.Ordinal))
            .Replace("FOLDER", _folder.Path, StringComparison.Ordinal).Replace("OWN", _session.Folder, StringComparison.Ordinal);
        // The shell that runs a script would end with it.
        here = Regex.Replace(here, @"^exit ", "", RegexOptions.Multiline);
        var prelude = $"{Utilities}\n$ExecutionContext.SessionState.Path.SetLocation('{_folder.Path}') > $null\n{(reasons.Count > 0 ? StandIns() : "")}";

        SetProfiles(exist: !code.Contains("New-V2VProfile", StringComparison.Ordinal));
        var outcome = _session.Run($"param($guest, $assessment, $result, $profile)\n{prelude}\n{here}", _folder.Guest, _folder.Assessment, _folder.Result, _folder.Profile);
        Assert.True(
            outcome.Errors.Count == 0,
            $"{page}.md, '{title}' fails: {string.Join("; ", outcome.Errors)}\n{here}\n"
            + "Guests and files that examples may name are made in ExampleTests.Folder. An example that needs more than this machine is told by a word of ExampleTests.Elsewhere"
            + (reasons.Count == 0 ? "." : $", as here: {string.Join(", ", reasons)}."));
        if (!Regex.IsMatch(code, @"-WhatIf|Remove-|Where-Object|Export-|Set-Content|Install-|^\$|^#|^Get-V2VProfile|-AsJob", RegexOptions.Multiline))
        {
            Assert.True(outcome.Output.Count > 0, $"{page}.md, '{title}' returns nothing:\n{here}");
        }
    }

    [Fact]
    public void Examples_name_parameters_in_full()
    {
        var cmdlets = Help.Cmdlet.All.ToDictionary(cmdlet => cmdlet.Name, cmdlet => cmdlet.ParameterSets.SelectMany(set => set.Parameters.Select(p => p.Name)).ToHashSet(StringComparer.Ordinal));
        foreach (var ((page, title), code) in All)
        {
            var script = Parser.ParseInput(code, out _, out var errors);
            Assert.Empty(errors.Select(error => $"{page}, {title}: {error.Message}"));
            foreach (var command in script.FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>())
            {
                if (cmdlets.TryGetValue(command.GetCommandName() ?? "", out var known))
                {
                    Assert.All(command.CommandElements.OfType<CommandParameterAst>(), p => Assert.True(known.Contains(p.ParameterName), $"{page}, {title}: -{p.ParameterName} is no parameter's whole name."));
                }
            }
        }
    }

    private static Dictionary<(string Page, string Title), string> ReadAll()
    {
        var examples = new Dictionary<(string, string), string>();
        foreach (var cmdlet in Help.Cmdlet.All)
        {
            var path = Path.Combine(Repository.Root, "docs", "en-US", cmdlet.Name + ".md");
            foreach (var example in File.Exists(path) ? HelpPage.Parse(File.ReadAllText(path)).Entries("EXAMPLES") : [])
            {
                examples.Add((cmdlet.Name, example.Title), string.Join('\n', example.Code));
            }
        }

        var others = Directory.GetFiles(Path.Combine(Repository.Root, "docs", "en-US"), "about_*.md").Append(Path.Combine(Repository.Root, "README.md"));
        foreach (var path in others)
        {
            var blocks = Regex.Matches(File.ReadAllText(path), "^```powershell\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline);
            foreach (var (code, number) in blocks.Select((block, index) => (block.Groups["code"].Value, index + 1)))
            {
                examples.Add((Path.GetFileNameWithoutExtension(path), $"block {number}"), code);
            }
        }

        return examples;
    }

    private void SetProfiles(bool exist)
    {
        _session.Run("foreach ($s in 'CurrentUser', 'AllUsers') { Remove-V2VProfile $args -Scope $s -ErrorAction Ignore }", Profiles);
        if (exist)
        {
            _session.Run($"foreach ($n in $args) {{ New-V2VProfile $n -OutputDirectory '{_session.Folder}/vms' > $null }}", Profiles);
        }
    }

    /// <summary>Functions with the parameters of the cmdlets, made of their metadata, so that a call binds exactly as the cmdlet's would.</summary>
    private static string StandIns()
    {
        var text = new StringBuilder();
        foreach (var cmdlet in Help.Cmdlet.All)
        {
            var metadata = new CommandMetadata(typeof(Commands.V2VCommand).Assembly.GetExportedTypes().Single(type => type.Name == cmdlet.Name.Replace("-", "", StringComparison.Ordinal) + "Command"));
            var returned = cmdlet.Name switch
            {
                "Get-V2VSourceGuest" => "$guest",
                "Test-V2VGuest" => "$assessment",
                "Invoke-V2VConversion" => "$result",
                "New-V2VProfile" or "Get-V2VProfile" => "$profile",
                _ => "",
            };
            text.Append($$"""
                function {{cmdlet.Name}} {
                    {{ProxyCommand.GetCmdletBindingAttribute(metadata)}}
                    param({{ProxyCommand.GetParamBlock(metadata)}})
                    end { {{returned}} }
                }

                """);
        }

        return text.ToString();
    }

    /// <summary>The guests and files that examples name, and objects for the stand-ins to return.</summary>
    public sealed class Folder : IDisposable
    {
        public Folder()
        {
            Path = Directory.CreateTempSubdirectory("v2v-examples-").FullName;
            Directory.CreateDirectory(At("web01"));
            TarFile.ExtractToDirectory(Repository.SampleGuest, At("web01"), overwriteFiles: false);
            File.Delete(Directory.GetFiles(At("web01"), "*.mf").Single());
            var description = Directory.GetFiles(At("web01"), "*.ovf").Single();
            var text = File.ReadAllText(description);
            foreach (var name in new[] { "web02", "db01", "web01" })
            {
                File.WriteAllText(description, text.Replace("<Name>debian12</Name>", $"<Name>{name}</Name>", StringComparison.Ordinal));
                TarFile.CreateFromDirectory(At("web01"), At(name + ".ova"), includeBaseDirectory: false);
            }

            var disk = Directory.GetFiles(At("web01"), "*.vmdk").Single();
            File.WriteAllText(At("web01.vmx"), $"""
                config.version = "8"
                displayName = "web01"
                guestOS = "debian12-64"
                memsize = "1024"
                scsi0.present = "TRUE"
                scsi0.virtualDev = "pvscsi"
                scsi0:0.present = "TRUE"
                scsi0:0.fileName = "web01-1.vmdk"

                """);
            File.CreateSymbolicLink(At("web01-1.vmdk"), disk);
            Guests.WriteRawDisk(Path, "web01-data.raw");
            File.WriteAllText(At("fleet.csv"), "Path,Name,MemoryMiB\nweb01.ova,first,2048\nweb02.ova,second,\n");
            using var session = new Session();
            Guest = session.Run("param($p) Get-V2VSourceGuest $p", At("web01.ova")).Only<SourceGuest>();
            Result = session.Run("param($g, $o) $g | Invoke-V2VConversion -OutputDirectory $o", Guest, At("made")).Only<ConversionResult>();
            File.Copy(At("made/web01.xml"), At("web01.xml"));
            File.CreateSymbolicLink(At("web01-boot.qcow2"), Result.Disks[0]);
            Profile = new ConversionProfile { Name = "prod" };
        }

        public string Path { get; }

        public SourceGuest Guest { get; }

        public GuestAssessment Assessment => Result.Assessment;

        public ConversionResult Result { get; }

        public ConversionProfile Profile { get; }

        public void Dispose() => Directory.Delete(Path, recursive: true);

        private string At(string name) => System.IO.Path.Combine(Path, name);
    }
}
