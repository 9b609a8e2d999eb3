using V2V.Engine.Sources;
using Xunit;

namespace V2V.Engine.Tests.Sources;

internal static class SampleData
{
    public static string Read(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Sources", "Data", name));

    public static IReadOnlyList<SourceGuest> Open(string path) => GuestSources.Open(path, TestContext.Current.CancellationToken);
}
