using System.Globalization;

namespace V2V.Benchmarks;

/// <summary>What a contender did: one run that does not count for the times, and those that do.</summary>
/// <param name="Contender">The contender.</param>
/// <param name="First">The run in which memory was sampled and the output judged.</param>
/// <param name="Counted">The runs that count.</param>
internal sealed record Result(Contender Contender, Measurement First, IReadOnlyList<Measurement> Counted);

/// <summary>Runs the contenders of a section in turns.</summary>
internal static class Rounds
{
    /// <summary>
    /// The first round brings the source into the page cache and samples memory, which would disturb the clock in the others. Optional
    /// contenders that fail in it are left out.
    /// </summary>
    public static IReadOnlyList<Result> Run(Section section, int runs)
    {
        var counted = new Dictionary<Contender, List<Measurement>>();
        var first = new Dictionary<Contender, Measurement>();
        foreach (var contender in section.Contenders)
        {
            Console.Error.WriteLine($"{section.Title}: {contender.Name} ...");
            try
            {
                first[contender] = MeasuredProcess.Run(contender, isFirst: true);
                counted[contender] = [];
            }
            catch (InvalidOperationException e) when (contender.IsOptional)
            {
                Console.Error.WriteLine(e.Message);
            }
        }

        for (var run = 1; run <= runs; run++)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{section.Title}: run {run} of {runs}"));
            foreach (var (contender, measurements) in counted)
            {
                measurements.Add(MeasuredProcess.Run(contender, isFirst: false));
            }
        }

        return [.. section.Contenders.Where(first.ContainsKey).Select(c => new Result(c, first[c], counted[c]))];
    }
}
