using V2V.Engine.Conversion.Windows.FirstBoot;

namespace V2V.Engine.Conversion.Windows;

/// <summary>What a Windows guest has to do itself once it runs on KVM: scripts, and the files that they use.</summary>
public sealed class FirstBootQueue
{
    private readonly List<FirstBootScript> _scripts = [];
    private readonly List<FirstBootFile> _files = [];

    /// <summary>In the order in which they were added, which decides among equal priorities.</summary>
    public IReadOnlyList<FirstBootScript> Scripts => _scripts;

    public IReadOnlyList<FirstBootFile> Files => _files;

    public void Add(FirstBootScript script) => _scripts.Add(script);

    public void Stage(FirstBootFile file) => _files.Add(file);
}

/// <summary>A file that first boot scripts find beside them.</summary>
/// <param name="Name">Its name, without a directory.</param>
/// <param name="Read">Gives its content, when it is written.</param>
/// <param name="Why">The reason, for the record of changes.</param>
public sealed record FirstBootFile(string Name, Func<byte[]> Read, string Why);
