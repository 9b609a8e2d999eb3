using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace V2V.Shell;

/// <summary>
/// Standard input, output and error. Objects go to standard output; everything else, progress included, to standard error. Colours are left
/// out where no terminal shows them.
/// </summary>
internal sealed class Terminal
{
    private const int WidthOfFiles = 120;

    /// <summary>In a log, this much time passes between two progress lines of the same phase, unless a tenth of the work was done.</summary>
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private bool _progressIsShown;
    private readonly Dictionary<int, (string Status, int Tenth, long Time)> _logged = [];

    public static bool InputIsTerminal => !Console.IsInputRedirected;

    /// <summary>True when what goes to standard output may hold escape sequences.</summary>
    public bool OutputHasColours { get; } = !Console.IsOutputRedirected && WantsColours();

    public bool ErrorHasColours { get; } = !Console.IsErrorRedirected && WantsColours();

    public static int Width
    {
        get
        {
            if (!Console.IsOutputRedirected && Console.WindowWidth > 0)
            {
                return Console.WindowWidth;
            }

            return int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), out var columns) && columns > 0 ? columns : WidthOfFiles;
        }
    }

    public void Write(string text)
    {
        lock (_lock)
        {
            ClearProgress();
            Console.Out.Write(PSHostUserInterface.GetOutputString(text, OutputHasColours));
        }
    }

    /// <param name="text">One or more lines, without the last line's end.</param>
    /// <param name="colour">Escape sequence that begins the line's colour; empty for none.</param>
    public void WriteErrorLine(string text, string colour = "")
    {
        lock (_lock)
        {
            ClearProgress();
            Console.Error.WriteLine(ErrorHasColours && colour.Length > 0 ? $"{colour}{text}\e[0m" : PSHostUserInterface.GetOutputString(text, ErrorHasColours));
        }
    }

    /// <summary>Writes to standard error without ending the line: questions.</summary>
    public void WritePrompt(string text)
    {
        lock (_lock)
        {
            ClearProgress();
            Console.Error.Write(PSHostUserInterface.GetOutputString(text, ErrorHasColours));
        }
    }

    /// <summary>Reads a line; the prompt is shown only to a person. Null at the end of the input.</summary>
    public string? ReadLine(string prompt)
    {
        if (InputIsTerminal)
        {
            WritePrompt(prompt);
        }

        return Console.In.ReadLine();
    }

    /// <summary>Shows progress: one line that is written over on a terminal, a line now and then elsewhere.</summary>
    public void ShowProgress(ProgressRecord record)
    {
        lock (_lock)
        {
            if (record.RecordType == ProgressRecordType.Completed)
            {
                ClearProgress();
                _logged.Remove(record.ActivityId);
            }
            else if (Console.IsErrorRedirected)
            {
                LogProgress(record);
            }
            else
            {
                var line = ProgressLine.Text(record);
                var width = (Console.WindowWidth > 0 ? Console.WindowWidth : WidthOfFiles) - 1;
                Console.Error.Write($"\r{(line.Length > width ? line[..width] : line)}\e[K");
                _progressIsShown = true;
            }
        }
    }

    public void EndProgress()
    {
        lock (_lock)
        {
            ClearProgress();
        }
    }

    private void LogProgress(ProgressRecord record)
    {
        var tenth = record.PercentComplete / 10;
        if (!_logged.TryGetValue(record.ActivityId, out var last) || (last.Status, last.Tenth) != (record.StatusDescription, tenth)
            || Stopwatch.GetElapsedTime(last.Time) >= LogInterval)
        {
            _logged[record.ActivityId] = (record.StatusDescription, tenth, Stopwatch.GetTimestamp());
            Console.Error.WriteLine(ProgressLine.Text(record));
        }
    }

    private void ClearProgress()
    {
        if (_progressIsShown)
        {
            Console.Error.Write("\r\e[K");
            _progressIsShown = false;
        }
    }

    // https://no-color.org
    private static bool WantsColours() =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") is not "dumb";
}
