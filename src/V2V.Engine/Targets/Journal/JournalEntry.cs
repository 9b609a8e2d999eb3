using System.Text.Json.Serialization;

namespace V2V.Engine.Targets.Journal;

/// <summary>A line of a journal: what a run is about to do, or has done, at its target.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "did")]
[JsonDerivedType(typeof(MakeFolder), "makeFolder")]
[JsonDerivedType(typeof(MakeFile), "makeFile")]
[JsonDerivedType(typeof(NameFile), "nameFile")]
[JsonDerivedType(typeof(MakeVolume), "makeVolume")]
[JsonDerivedType(typeof(ListVolumes), "listVolumes")]
[JsonDerivedType(typeof(DefineDomain), "defineDomain")]
[JsonDerivedType(typeof(CompleteRun), "complete")]
[JsonDerivedType(typeof(AskInVain), "askInVain")]
internal abstract record JournalEntry;

/// <summary>A folder that did not exist is about to be made.</summary>
internal sealed record MakeFolder(string Path) : JournalEntry;

/// <summary>A file was made under a name that is not its final one.</summary>
internal sealed record MakeFile(string Path) : JournalEntry;

/// <summary>A finished file takes its name. What had that name before is kept as <paramref name="Backup"/>.</summary>
/// <param name="Path">The final name.</param>
/// <param name="Temporary">The name that it has.</param>
/// <param name="Backup">Where the replaced file goes; null when there is none.</param>
/// <param name="Length">Size in bytes, and with <paramref name="Time"/> how the file is known again.</param>
/// <param name="Time">When it was last written.</param>
internal sealed record NameFile(string Path, string Temporary, string? Backup, long Length, DateTime Time) : JournalEntry;

/// <summary>libvirt made a volume.</summary>
/// <param name="Connection">URI of the libvirt.</param>
/// <param name="Pool">Name of the pool.</param>
/// <param name="Volume">Name of the volume.</param>
/// <param name="Replaced">The volume that it will replace; null when there is none.</param>
internal sealed record MakeVolume(string Connection, string Pool, string Volume, string? Replaced) : JournalEntry;

/// <summary>libvirt is about to be told of files that were written into a pool's folder.</summary>
/// <param name="Connection">URI of the libvirt.</param>
/// <param name="Pool">Name of the pool.</param>
internal sealed record ListVolumes(string Connection, string Pool) : JournalEntry;

/// <summary>The domain is about to be defined.</summary>
/// <param name="Connection">URI of the libvirt.</param>
/// <param name="Name">The domain's name.</param>
/// <param name="OldUuid">UUID of the domain of that name that is replaced; null when there is none.</param>
/// <param name="OldXml">Its definition.</param>
internal sealed record DefineDomain(string Connection, string Name, Guid? OldUuid, string? OldXml) : JournalEntry;

/// <summary>The guest is there: nothing will be taken back.</summary>
internal sealed record CompleteRun : JournalEntry;

/// <summary>A later run could not reach the libvirt that has to be asked; the next ones wait a while before they try it again.</summary>
/// <param name="Time">When that was, in UTC.</param>
/// <param name="Why">What it said.</param>
internal sealed record AskInVain(DateTime Time, string Why) : JournalEntry;

[JsonSerializable(typeof(JournalEntry))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class JournalJson : JsonSerializerContext;
