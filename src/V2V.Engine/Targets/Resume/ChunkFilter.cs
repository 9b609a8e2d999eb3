using V2V.Engine.FileSystems;
using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Images.Qcow2;

namespace V2V.Engine.Targets.Resume;

/// <summary>
/// Which of the chunks that a dead run had copied another run would copy as they are: all of a chunk is in its plan, and neither of the two runs has changed
/// anything in it. Also sees to it that a list of chunks is one that a copy can have made, whoever has written it.
/// </summary>
internal static class ChunkFilter
{
    /// <param name="chunks">What had been copied.</param>
    /// <param name="plan">What is to be copied.</param>
    /// <param name="changed">What the one run or the other has changed on the disk, in any order.</param>
    /// <param name="request">The image.</param>
    /// <returns>In ascending order.</returns>
    /// <exception cref="InvalidDataException">No copy has made this list.</exception>
    public static List<CopiedChunk> Apply(List<CopiedChunk> chunks, CopyPlan plan, IEnumerable<ByteRange> changed, TargetDiskRequest request)
    {
        chunks.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        Check(chunks, plan.Source.Length, request);
        var edits = changed.OrderBy(r => r.Offset).ToArray();
        List<CopiedChunk> kept = [];
        var (extent, edit) = (0, 0);
        foreach (var chunk in chunks)
        {
            while (extent < plan.Extents.Count && plan.Extents[extent].End <= chunk.Offset)
            {
                extent++;
            }

            // They may overlap. The first that does not end before the chunk is the one that starts first of those that could reach into it.
            while (edit < edits.Length && edits[edit].End <= chunk.Offset)
            {
                edit++;
            }

            var isPlanned = extent < plan.Extents.Count && plan.Extents[extent].Offset <= chunk.Offset && chunk.End <= plan.Extents[extent].End;
            if (isPlanned && !(edit < edits.Length && edits[edit].Offset < chunk.End))
            {
                kept.Add(chunk);
            }
        }

        return kept;
    }

    private static void Check(List<CopiedChunk> chunks, long capacity, TargetDiskRequest request)
    {
        var granularity = ImageWriters.Granularity(request.Format);
        long end = 0;
        foreach (var chunk in chunks)
        {
            Demand(chunk.Offset >= end && chunk.Length is > 0 and <= CopyBudget.ChunkSize && chunk.Offset <= capacity - chunk.Length);
            Demand(chunk.Offset % granularity == 0 && (chunk.Length % granularity == 0 || chunk.End == capacity));
            var position = chunk.Offset;
            foreach (var place in chunk.Places)
            {
                Demand(place.Offset >= position && place.Length > 0 && place.Offset <= chunk.End - place.Length && place.Offset % granularity == 0);
                Demand(place.Length % granularity == 0 || place.Offset + place.Length == chunk.End);
                Demand(place.Host >= 0 && place.Host <= long.MaxValue / 2 && IsPossible(place, request, granularity));
                position = place.Offset + place.Length;
            }

            end = chunk.End;
        }

        end = 0;
        foreach (var place in chunks.SelectMany(c => c.Places).OrderBy(p => p.Host))
        {
            Demand(place.Host >= end);
            end = (place.HostEnd + granularity - 1) & -granularity;
        }
    }

    private static bool IsPossible(PlacedRun place, TargetDiskRequest request, int granularity) => (request.Format, request.Allocation) switch
    {
        (ImageFormat.Raw, _) => place.Host == place.Offset,
        (_, ImageAllocation.Sparse) => place.Host % granularity == 0 && place.Host >= Qcow2Format.ClusterSize,
        _ => place.Host == Qcow2PreallocatedLayout.DataOffset + place.Offset,
    };

    private static void Demand(bool holds)
    {
        if (!holds)
        {
            throw new InvalidDataException("It lists what no copy can have written.");
        }
    }
}
