using System.Globalization;
using V2V.Benchmarks;
using V2V.Engine;

if (args.Length > 0 && args[0] == Worker.Verb)
{
    Worker.Run(args[1..]);
    return 0;
}

try
{
    var options = BenchmarkOptions.Parse(args);
    Directory.CreateDirectory(options.WorkFolder);
    var contenders = Contenders.For(options);

    // The first round brings the source into the page cache and samples memory, which would disturb the clock in the others.
    var results = contenders.ToDictionary(c => c, _ => new List<Measurement>());
    var memory = new Dictionary<Contender, long>();
    foreach (var contender in contenders)
    {
        Console.Error.WriteLine($"{contender.Name} ...");
        try
        {
            var measured = MeasuredProcess.Run(contender, sampleMemory: true);
            memory[contender] = measured.PeakMemory;
            if (contender.RunsOnce)
            {
                results[contender].Add(measured);
            }
        }
        catch (InvalidOperationException e) when (contender.RunsOnce)
        {
            // A peer that is not installed, or not completely, does not cost the other results.
            Console.Error.WriteLine(e.Message);
            results.Remove(contender);
        }
    }

    for (var run = 1; run <= options.Runs; run++)
    {
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"run {run} of {options.Runs}"));
        foreach (var contender in results.Keys.Where(c => !c.RunsOnce))
        {
            results[contender].Add(MeasuredProcess.Run(contender, sampleMemory: false));
        }
    }

    ResultTable.Print(options, [.. contenders.Where(results.ContainsKey)], results, memory);
    return 0;
}
catch (Exception e) when (e is ArgumentException or InvalidOperationException or V2VException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
