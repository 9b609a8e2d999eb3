using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Ovf;

/// <summary>What a file of the package holds.</summary>
/// <param name="Name">Its name in the package.</param>
/// <param name="Open">Opens what it holds: joined, decompressed.</param>
/// <param name="Pieces">The files that it is stored in, with their names.</param>
internal sealed record OvfContent(string Name, Func<DiskFile> Open, IReadOnlyList<(string Name, Func<DiskFile> Open)> Pieces);
