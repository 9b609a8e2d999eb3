namespace V2V.PowerShell.Tests;

/// <summary>Tests that store profiles, some of them broken, or that see all that are stored: one class after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ProfilesCollection
{
    public const string Name = "Profiles";
}
