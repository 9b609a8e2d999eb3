using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Targets.Journal;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Libvirt;

/// <summary>What becomes of a domain after the conversion: started, kept with its host, only described. Judged by virsh.</summary>
public sealed class DomainStartTests
{
    private static readonly string s_sample = GuestConversionTests.Sample;

    [Fact]
    [Lacks("CannotStart", "NotStarted", "NotStartedWithHost")]
    public void A_domain_runs_when_that_was_asked_for()
    {
        using var pool = new TestPool();
        using var network = new TestNetwork(pool);

        var result = Convert(pool, new ConversionOptions { Start = true, StartWithHost = true, NetworkRules = [new NetworkRule(null, IsBridge: false, pool.Name)] });

        Assert.True(result.IsStarted, string.Join('\n', result.Assessment.Concerns));
        Assert.DoesNotContain(result.Assessment.Concerns, c => c.Id is "CannotStart" or "NotStarted" or "NotStartedWithHost");
        Assert.Equal("running", TestPool.Virsh("domstate", pool.Name).Trim());
        Assert.Contains("Autostart:      enable", TestPool.Virsh("dominfo", pool.Name), StringComparison.Ordinal);
        Assert.Equal("Start", result.Phases[^1].Name);
    }

    [Fact]
    [Shows("NotStarted")]
    public void A_domain_that_cannot_start_stays_defined_and_libvirt_says_why()
    {
        using var pool = new TestPool();

        var result = Convert(pool, new ConversionOptions { Start = true, NetworkRules = [new NetworkRule(null, IsBridge: false, "no-such-net")] });

        Assert.False(result.IsStarted);
        var concern = Assert.Single(result.Assessment.Concerns, c => c.Id == "NotStarted");
        Assert.Equal(ConcernSeverity.Warning, concern.Severity);
        Assert.Contains("no-such-net", concern.Message, StringComparison.Ordinal);
        Assert.Contains($"virsh start {pool.Name}", concern.Advice, StringComparison.Ordinal);
        Assert.Equal("shut off", TestPool.Virsh("domstate", pool.Name).Trim());
        Assert.Contains("Autostart:      disable", TestPool.Virsh("dominfo", pool.Name), StringComparison.Ordinal);
        Assert.Equal(result.DomainUuid.ToString(), TestPool.Virsh("domuuid", pool.Name).Trim());
    }

    [Fact]
    public void A_domain_may_be_left_undefined_and_its_XML_is_ready_for_virsh()
    {
        using var pool = new TestPool();

        var result = Convert(pool, new ConversionOptions { DefinesDomain = false });

        Assert.Null(result.DomainUuid);
        Assert.False(pool.HasDomain);
        Assert.Contains(Path.GetFileName(Assert.Single(result.Disks)), TestPool.Virsh("vol-list", pool.Name), StringComparison.Ordinal);
        Assert.Empty(DeadRuns.CleanUp());
        ExternalTool.Check("qemu-img", "check", result.Disks[0]);
        var file = Path.Combine(pool.Folder, "domain.xml");
        File.WriteAllText(file, result.DomainXml);
        TestPool.Virsh("define", "--validate", file);
        Assert.Contains(result.Disks[0], TestPool.Virsh("domblklist", pool.Name), StringComparison.Ordinal);
    }

    [Fact]
    [Shows("CannotStart")]
    public void Nothing_is_written_when_nothing_could_be_started()
    {
        using var folder = new TemporaryFolder();
        foreach (var options in new[] { new ConversionOptions { Start = true }, new ConversionOptions { StartWithHost = true } })
        {
            using var target = new DirectoryTarget(folder["out"]);
            var error = Assert.Throws<ConversionException>(() => new GuestConversion(Source(), options).Convert(target, cancellation: TestContext.Current.CancellationToken));
            Assert.Equal(V2VError.TargetUnsupported, error.Error);
            var assessment = new GuestConversion(Source(), options).Assess(target: target, cancellation: TestContext.Current.CancellationToken);
            Assert.Contains(assessment.Concerns, c => c is { Severity: ConcernSeverity.Critical, Id: "CannotStart" });
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    [Shows("NotStartedWithHost")]
    public void A_host_that_forgets_its_domains_is_told_of()
    {
        List<Concern> concerns = [];
        using var host = new ForgetfulHost();

        Assert.True(new DomainStart(new ConversionOptions { Start = true, StartWithHost = true }).Run("web", host, new PhaseClock(null), concerns));

        var concern = Assert.Single(concerns);
        Assert.Equal(("NotStartedWithHost", ConcernSeverity.Warning, "It has no place to note it."), (concern.Id, concern.Severity, concern.Message));
        Assert.Contains("virsh autostart web", concern.Advice, StringComparison.Ordinal);
        Assert.Equal(["web"], host.Started);
    }

    private static ConversionResult Convert(TestPool pool, ConversionOptions options)
    {
        using var target = new LibvirtTarget(TestPool.Uri, pool.Name) { DomainType = "qemu" };
        return new GuestConversion(Source(), options with { Name = pool.Name }).Convert(target, cancellation: TestContext.Current.CancellationToken);
    }

    private static SourceGuest Source() => Assert.Single(GuestSources.Open(s_sample, TestContext.Current.CancellationToken)) with { MemoryMiB = 256 };

    /// <summary>As libvirt answers for domains that it keeps in memory only.</summary>
    private sealed class ForgetfulHost : ConversionTarget, IDomainHost
    {
        public List<string> Started { get; } = [];

        public override string Description => "a host";

        public override HostCapabilities Capabilities => HostCapabilities.Unknown;

        public void Start(string domain) => Started.Add(domain);

        public void StartWithHost(string domain) => throw new LibvirtException(V2VError.LibvirtFailed, "It has no place to note it.");

        public override IReadOnlyList<Concern> Check(TargetRequest request) => [];

        public override TargetDisk CreateDisk(TargetDiskRequest request) => throw new InvalidOperationException();

        public override DefinedDomain Define(DomainDescription domain) => throw new InvalidOperationException();

        public override IReadOnlyList<Concern> RollBack() => [];
    }

    /// <summary>An isolated network of the pool's name.</summary>
    private sealed class TestNetwork : IDisposable
    {
        private readonly string _name;

        public TestNetwork(TestPool pool)
        {
            _name = pool.Name;
            var file = Path.Combine(pool.Folder, "network.xml");
            File.WriteAllText(file, $"<network><name>{_name}</name><bridge name='v2v{_name[^8..]}'/></network>");
            TestPool.Virsh("net-create", file);
        }

        public void Dispose() => ExternalTool.Run("virsh", "-c", TestPool.Uri, "net-destroy", _name);
    }
}
