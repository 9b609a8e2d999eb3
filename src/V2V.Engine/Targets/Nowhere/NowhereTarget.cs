using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Libvirt;

namespace V2V.Engine.Targets.Nowhere;

/// <summary>
/// Takes guests and keeps nothing of them: the whole conversion and copy are run to see that every part of the source that is to be copied can be
/// read, and how long that takes.
/// </summary>
public sealed class NowhereTarget : ConversionTarget
{
    /// <summary>The only path that is always there and holds nothing.</summary>
    private const string NullDevice = "/dev/null";

    private readonly List<DiscardingWriter> _writers = [];

    public override string Description => "nowhere (nothing is kept)";

    public override HostCapabilities Capabilities => HostCapabilities.Unknown;

    public override IReadOnlyList<Concern> Check(TargetRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return DomainNames.Check(request.Name) is { } wrong ? [wrong] : [];
    }

    public override TargetDisk CreateDisk(TargetDiskRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var writer = new DiscardingWriter(request.Capacity, ImageWriters.Granularity(request.Format));
        _writers.Add(writer);
        return new TargetDisk(writer, new DomainDiskSource(request.Format, NullDevice));
    }

    public override DefinedDomain Define(DomainDescription domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return new DefinedDomain(domain.Name, Uuid: null, DomainXml.Build(domain).ToString(), XmlPath: null)
        {
            Concerns =
            [
                new Concern(
                    ConcernSeverity.Information, "NothingKept",
                    $"The conversion was run to its end and all that is to be copied was read ({_writers.Sum(w => w.BytesWritten)} bytes to write), but nothing was kept.",
                    "Convert the guest without -NoOutput to have it."),
            ],
        };
    }

    public override IReadOnlyList<Concern> RollBack() => [];

    /// <summary>Counts what it is given.</summary>
    private sealed class DiscardingWriter(long capacity, int granularity) : ImageWriter
    {
        private long _written;

        public override int Granularity => granularity;

        public override long BytesWritten => Interlocked.Read(ref _written);

        public override void Write(long offset, ReadOnlySpan<byte> data)
        {
            CheckRange(offset, data.Length, capacity);
            Interlocked.Add(ref _written, data.Length);
        }

        public override void Complete()
        {
        }
    }
}
