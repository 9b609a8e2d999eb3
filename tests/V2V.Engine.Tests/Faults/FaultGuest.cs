using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Faults;

/// <summary>The sample guest with a second disk, to which things happen while it is copied.</summary>
internal sealed class FaultGuest : IDisposable
{
    public const int DataLength = 48 << 20;

    private readonly TemporaryFolder _folder = new();

    /// <param name="format">Of the second disk's image, as qemu-img calls it.</param>
    /// <param name="options">More of qemu-img's.</param>
    public FaultGuest(string format = "raw", params string[] options)
    {
        Data = new byte[DataLength];
        new Random(6).NextBytes(Data);
        DataPath = _folder["data." + format];
        if (format == "raw")
        {
            File.WriteAllBytes(DataPath, Data);
        }
        else
        {
            var raw = _folder["data.raw"];
            File.WriteAllBytes(raw, Data);
            ExternalTool.Check("qemu-img", ["convert", "-f", "raw", "-O", format, .. options, raw, DataPath]);
            File.Delete(raw);
        }

        var system = Assert.Single(GuestSources.Open(GuestConversionTests.Sample));
        Guest = system with { Disks = [.. system.Disks, .. Assert.Single(GuestSources.Open(DataPath)).Disks] };
    }

    /// <summary>What is on the second disk.</summary>
    public byte[] Data { get; }

    public string DataPath { get; }

    public SourceGuest Guest { get; }

    /// <summary>The folder that the guest is converted into.</summary>
    public string Out => _folder["out"];

    /// <summary>The second disk as it was written.</summary>
    public string Written => Path.Combine(Out, "debian12-sdb.qcow2");

    /// <summary>A path beside those of the guest.</summary>
    public string this[string name] => _folder[name];

    public ConversionResult Convert(SourceGuest? guest = null, ConversionOptions? options = null, IProgress<ConversionProgress>? progress = null)
    {
        using var target = new DirectoryTarget(Out);
        return new GuestConversion(guest ?? Guest, options ?? new ConversionOptions()).Convert(target, progress, TestContext.Current.CancellationToken);
    }

    /// <summary>The error that a conversion ends with, nothing of which is left in <see cref="Out"/>.</summary>
    public V2VException Fail(SourceGuest? guest = null, ConversionOptions? options = null, IProgress<ConversionProgress>? progress = null)
    {
        var error = Assert.ThrowsAny<V2VException>(() => Convert(guest, options, progress));
        Assert.Empty(error.LeftBehind);
        Assert.False(Directory.Exists(Out), "Something is left.");
        return error;
    }

    public void Dispose() => _folder.Dispose();
}

/// <summary>Hears of progress on the thread that makes it.</summary>
internal sealed class Listener(Action<ConversionProgress> heard) : IProgress<ConversionProgress>
{
    public void Report(ConversionProgress value) => heard(value);

    /// <summary>Something that happens once, when a phase begins.</summary>
    public static Listener At(string phase, Action happens)
    {
        var hasHappened = false;
        return new Listener(p =>
        {
            if (p.Phase == phase && !hasHappened)
            {
                hasHappened = true;
                happens();
            }
        });
    }
}
