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
    var module = PackagedModule.Build(options.WorkFolder);
    ResultTable.PrintMachine(options);
    foreach (var section in options.Source is null ? new Suite(options, module).Sections() : SingleGuest.Sections(options, module))
    {
        ResultTable.Print(section, Rounds.Run(section, options.Runs));
    }

    ResultTable.PrintLegend();
    return 0;
}
catch (Exception e) when (e is ArgumentException or InvalidOperationException or V2VException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
