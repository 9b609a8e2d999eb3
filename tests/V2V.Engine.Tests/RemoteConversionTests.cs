using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using V2V.Engine.Conversion;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources;
using V2V.Engine.Sources.DiskOnly;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.Disks.Transports;
using V2V.Engine.Tests.Disks.Transports.Http;
using Xunit;

namespace V2V.Engine.Tests;

/// <summary>The sample guest's disk on servers that break down meanwhile. What comes out is what a conversion of the disk on this host gives.</summary>
public sealed class RemoteConversionTests : IDisposable
{
    private static readonly SourceOptions s_options = new() { Remote = new RemoteAccess { SkipCertificateCheck = true } };

    private readonly TestFolder _folder = new();

    public RemoteConversionTests() => ExternalTool.Check("tar", "-xf", Sample, "-C", _folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_guest_converts_over_HTTPS_though_every_answer_is_cut_short_at_first()
    {
        QemuImg.Require();
        QemuImg.Run("convert", "-O", "qcow2", Vmdk, _folder["disk.qcow2"]);
        byte[] content = File.ReadAllBytes(_folder["disk.qcow2"]);
        var cut = new ConcurrentDictionary<long, bool>();
        using var server = new HttpTestServer(r =>
        {
            HttpTestAnswer answer = HttpTestAnswer.Part(content, r, "ETag: \"one\"");
            return cut.TryAdd(r.Last, true) ? answer with { CloseAfter = answer.Body.Length / 3 } : answer;
        }, TestCertificate.Create());
        SourceGuest guest = DiskSource.FromDisks([server.Uri + "/guests/sample-disk.qcow2?key=1"], null, s_options, TestContext.Current.CancellationToken);
        Assert.Equal("sample-disk", guest.Name);
        CheckConversion(Local, guest);
        Assert.InRange(cut.Count, 4, int.MaxValue);
    }

    [Fact]
    public void An_archive_converts_over_HTTPS_in_place()
    {
        byte[] content = File.ReadAllBytes(Sample);
        using var server = new HttpTestServer(r => HttpTestAnswer.Part(content, r, "ETag: \"one\""), TestCertificate.Create());
        CheckConversion(
            Assert.Single(GuestSources.Open(Sample, TestContext.Current.CancellationToken)),
            Assert.Single(GuestSources.Open(server.Uri + "/debian12.ova", s_options, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void A_guest_converts_over_NBD_though_the_server_is_killed_meanwhile()
    {
        ExternalTool.Need("qemu-nbd");
        int port = ExternalServer.FreePort();
        ExternalServer server = Start();
        try
        {
            SourceGuest guest = DiskSource.FromDisks([$"nbd://localhost:{port}/"], "sample", s_options, TestContext.Current.CancellationToken);
            var killed = new List<string>();
            CheckConversion(Local, guest, phase =>
            {
                if (phase is "Convert" or "Copy" && killed.LastOrDefault() != phase)
                {
                    killed.Add(phase);
                    server.Dispose();
                    server = Start();
                }
            });
            Assert.Equal(["Convert", "Copy"], killed.Take(2));
        }
        finally
        {
            server.Dispose();
        }

        ExternalServer Start()
        {
            string pid = _folder["pid"];
            File.Delete(pid);
            return ExternalServer.Start(
                () => File.Exists(pid), "qemu-nbd", $"--pid-file={pid}", "--read-only", "--persistent", "--shared=8", "--bind=127.0.0.1", $"--port={port}", "--format=vmdk", Vmdk);
        }
    }

    /// <summary>Converts a guest: the same is changed as in the same disk on this host, and as it is it has the same content.</summary>
    private void CheckConversion(SourceGuest local, SourceGuest remote, Action<string>? onPhase = null)
    {
        QemuImg.Require();
        Assert.Equal(Changes(Convert(local, "local", asIs: false)), Changes(Convert(remote, "remote", asIs: false, onPhase)));
        QemuImg.Run("compare", Convert(local, "local as is", asIs: true).Disks[0], Convert(remote, "remote as is", asIs: true, onPhase).Disks[0]);

        static IEnumerable<(ChangeKind, string)> Changes(ConversionResult result) => result.Assessment.Changes.Select(c => (c.Kind, c.Path));
    }

    private ConversionResult Convert(SourceGuest guest, string folder, bool asIs, Action<string>? onPhase = null)
    {
        using var target = new DirectoryTarget(_folder[folder]);
        return new GuestConversion(guest, new ConversionOptions { AsIs = asIs }).Convert(target, new Listener(onPhase), TestContext.Current.CancellationToken);
    }

    private SourceGuest Local => DiskSource.FromDisks([Vmdk], "local");

    private string Vmdk => _folder["debian12-1.vmdk"];

    private static string Sample => Path.GetFullPath(Path.Combine(Here(), "../../samples/debian12.ova"));

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    private sealed class Listener(Action<string>? onPhase) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => onPhase?.Invoke(value.Phase);
    }
}
