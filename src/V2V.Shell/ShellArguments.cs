namespace V2V.Shell;

internal enum ShellMode
{
    Interactive,
    Command,
    Script,
    Help,
    Version,
}

/// <summary>The command line of the shell.</summary>
/// <param name="Mode">What to do.</param>
/// <param name="Text">The command, or the path of the script.</param>
/// <param name="Arguments">What follows the script's path.</param>
internal sealed record ShellArguments(ShellMode Mode, string Text, IReadOnlyList<string> Arguments)
{
    public const string Usage = """
        Usage: v2v-shell SCRIPT.ps1 [ARGUMENT...]   run a script
               v2v-shell -Command "..."             run a command line
               v2v-shell                            read command lines until 'exit'
               v2v-shell -Help | -Version

        The V2V module is at hand in each. The exit code is the script's own ('exit N'); 1 after an error that ended
        the script, or when the last command of -Command failed; 130 after Ctrl+C; 0 otherwise.
        """;

    /// <exception cref="FormatException">The command line cannot be understood.</exception>
    public static ShellArguments Parse(IReadOnlyList<string> args)
    {
        if (args.Count == 0)
        {
            return new(ShellMode.Interactive, "", []);
        }

        var first = args[0];
        if (!first.StartsWith('-'))
        {
            return Script(first, args.Skip(1));
        }

        return first.TrimStart('-').ToLowerInvariant() switch
        {
            "help" or "h" or "?" => new(ShellMode.Help, "", []),
            "version" or "v" => new(ShellMode.Version, "", []),
            "command" or "c" when args.Count > 1 => new(ShellMode.Command, string.Join(' ', args.Skip(1)), []),
            "file" or "f" when args.Count > 1 => Script(args[1], args.Skip(2)),
            "command" or "c" or "file" or "f" => throw new FormatException($"{first} needs an argument."),
            _ => throw new FormatException($"There is no option {first}."),
        };
    }

    private static ShellArguments Script(string path, IEnumerable<string> arguments) => File.Exists(path)
        ? new(ShellMode.Script, path, [.. arguments])
        : throw new FormatException($"There is no script {path}.");
}
