using V2V.Engine.Conversion.Windows;
using V2V.Engine.Profiles.VirtV2VConf;
using V2V.Engine.Tests.Profiles.VirtV2VConf;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows;

/// <summary>Drivers that the machine has of its own, which the environment of the whole process tells.</summary>
[Collection(AloneCollection.Name)]
public sealed class InstalledDriversTests : IDisposable
{
    private const string Variable = "VIRTIO_WIN";

    private readonly ConfigFolder _folder = new();
    private readonly string? _before = Environment.GetEnvironmentVariable(Variable);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(Variable, _before);
        _folder.Dispose();
    }

    [Fact]
    [Shows("ConfiguredDriversMissing")]
    public void The_machines_own_drivers_serve_where_those_of_the_configuration_are_missing()
    {
        using var tree = DriverTree.Create(["w7"]);
        Environment.SetEnvironmentVariable(Variable, tree.Path);
        using var guest = WindowsGuest.Create("7");
        guest.Options = new ConversionOptions
        {
            Software = new ConfiguredSoftware(_folder.LoadElements("<app os='windows' name='virtio'><path>missing</path></app>").Software, _folder.Path),
        };

        using var context = guest.Run(new ChooseDrivers());

        Assert.Equal(tree.Path, context.Drivers.Source!.Path);
        var concern = Assert.Single(context.Concerns, c => c.Id == "ConfiguredDriversMissing");
        Assert.Equal(ConcernSeverity.Information, concern.Severity);
        Assert.Contains(Path.Combine(_folder.Path, "missing"), concern.Message, StringComparison.Ordinal);
        Assert.Contains(tree.Path, concern.Message, StringComparison.Ordinal);
    }
}
