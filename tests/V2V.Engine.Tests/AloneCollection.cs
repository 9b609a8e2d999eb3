using Xunit;

namespace V2V.Engine.Tests;

/// <summary>Tests that measure the memory of the whole process run while no other does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "Alone";
}
