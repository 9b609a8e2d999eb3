using System.Reflection;
using V2V.Shell;

const int UsageError = 64;

// Read when the engine is loaded, so it comes before anything of it is touched.
Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");

ShellArguments arguments;
try
{
    arguments = ShellArguments.Parse(args);
}
catch (FormatException e)
{
    Console.Error.WriteLine($"v2v-shell: {e.Message}");
    Console.Error.WriteLine(ShellArguments.Usage);
    return UsageError;
}

switch (arguments.Mode)
{
    case ShellMode.Help:
        Console.Out.WriteLine(ShellArguments.Usage);
        return 0;
    case ShellMode.Version:
        Console.Out.WriteLine(Assembly.GetExecutingAssembly().GetName().Version!.ToString(3));
        return 0;
    default:
        using (var session = new ShellSession(arguments.Mode))
        {
            return session.Run(arguments);
        }
}
