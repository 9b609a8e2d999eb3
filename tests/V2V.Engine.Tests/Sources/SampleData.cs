namespace V2V.Engine.Tests.Sources;

internal static class SampleData
{
    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Sources", "Data", name);

    public static string Read(string name) => File.ReadAllText(PathOf(name));
}
