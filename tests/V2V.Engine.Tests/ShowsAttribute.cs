namespace V2V.Engine.Tests;

/// <summary>The test makes concerns with these ids appear, and fails when they do not. <see cref="ConcernCatalogueTests"/> wants one for each.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ShowsAttribute(params string[] ids) : Attribute
{
    public IReadOnlyList<string> Ids => ids;
}

/// <summary>The test looks for concerns with these ids where there is no reason for them, and fails when they appear all the same.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LacksAttribute(params string[] ids) : Attribute
{
    public IReadOnlyList<string> Ids => ids;
}
