using V2V.Engine.Profiles;

namespace V2V.PowerShell.Tests;

/// <summary>Tests that store profiles, some of them broken, or that see all that are stored: one class after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ProfilesCollection
{
    public const string Name = "Profiles";

    /// <summary>Removes whatever a test has stored: the next one may look at all.</summary>
    public static void Clear()
    {
        foreach (var folder in new[] { ProfileStore.ForUser().Directory, ProfileStore.ForMachine().Directory }.Where(Directory.Exists))
        {
            // They are the tests' own (Repository).
            Assert.StartsWith(Path.GetTempPath(), folder, StringComparison.Ordinal);
            Directory.Delete(folder, recursive: true);
        }
    }
}
