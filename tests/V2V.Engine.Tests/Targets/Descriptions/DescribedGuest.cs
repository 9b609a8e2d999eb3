using System.Text;
using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Descriptions;

/// <summary>A folder with a guest's disks, empty but real, and its descriptions; and programs of platforms that only write down their arguments.</summary>
internal sealed class DescribedGuest : IDisposable
{
    public const long Capacity = (3L << 30) + 512;

    private readonly TemporaryFolder _folder = new();

    public DescribedGuest(GuestPlatform platform, DomainDescription domain, string folder = "out")
    {
        Folder = _folder[folder];
        Domain = domain;
        using var target = new DirectoryTarget(Folder, platform);
        var disks = new List<DomainDiskSource>();
        for (var i = 0; i < domain.Disks.Count; i++)
        {
            var disk = target.CreateDisk(new TargetDiskRequest(TargetNames.Disk(domain.Name, i, domain.Disks[i].Format), domain.Disks[i].Format, Capacity, Capacity));
            disk.Writer.Complete();
            disks.Add(disk.Source);
        }

        Files = target.Define(domain with { Disks = disks }).Descriptions;
    }

    public string Folder { get; }

    public DomainDescription Domain { get; }

    public IReadOnlyList<string> Files { get; }

    private string Calls => _folder["calls"];

    /// <summary>A guest with so many disks that the source tells the size of.</summary>
    public static DomainDescription Guest(
        Action<TargetHardware>? hardware = null, Func<SourceGuest, SourceGuest>? source = null, int disks = 1, string name = "web") =>
        SampleDomain.Create(
            hardware,
            s => (source ?? (x => x))(s with
            {
                Disks = [.. Enumerable.Range(0, disks).Select(i => new SourceDisk { Path = $"/src/{i}.vmdk", Format = "vmdk", Capacity = Capacity + (i << 30) })],
            }),
            disks,
            name);

    public string File(string suffix) => Assert.Single(Files, f => f.EndsWith(suffix, StringComparison.Ordinal));

    /// <summary>Puts a program on the path that writes down its arguments, then does what <paramref name="body"/> says.</summary>
    public void Stub(string program, string body = "")
    {
        Directory.CreateDirectory(_folder["bin"]);
        var path = Path.Combine(_folder["bin"], program);
        System.IO.File.WriteAllText(path, $"#!/bin/sh\n{{ printf '%s\\0' {program} \"$@\"; printf '\\001\\0'; }} >>\"$CALLS\"\n{body}\n");
        ExternalTool.Check("chmod", "500", path);
    }

    /// <summary>Runs a script of the folder by the system's shell, from another folder.</summary>
    /// <returns>Its exit code and output, and what the stubs were called with.</returns>
    public (int ExitCode, string Output, IReadOnlyList<string[]> Calls) Run(string script, params string[] arguments)
    {
        System.IO.File.Delete(Calls);
        var (exitCode, output) = ExternalTool.Run(
            "env", ["-C", "/", $"PATH={_folder["bin"]}:{Environment.GetEnvironmentVariable("PATH")}", $"CALLS={Calls}", script, .. arguments]);
        var calls = System.IO.File.Exists(Calls)
            ? System.IO.File.ReadAllText(Calls, Encoding.UTF8).Split("\x01\0", StringSplitOptions.RemoveEmptyEntries).Select(c => c[..^1].Split('\0')).ToArray()
            : [];
        return (exitCode, output, calls);
    }

    public void Dispose() => _folder.Dispose();
}
