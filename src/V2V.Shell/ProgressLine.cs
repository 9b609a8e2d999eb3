using System.Management.Automation;
using System.Text;

namespace V2V.Shell;

/// <summary>A progress record as one line.</summary>
internal static class ProgressLine
{
    private const int BarWidth = 20;

    /// <summary>"Converting web01: Copy: disk 1 [####......] 23% 1.2 GiB of 5.0 GiB, 350 MiB/s, 11 s left".</summary>
    public static string Text(ProgressRecord record)
    {
        var line = new StringBuilder(record.Activity);
        if (!string.IsNullOrWhiteSpace(record.StatusDescription))
        {
            line.Append(": ").Append(record.StatusDescription);
        }

        if (record.PercentComplete >= 0)
        {
            var done = Math.Min(record.PercentComplete, 100) * BarWidth / 100;
            line.Append(" [").Append('#', done).Append('.', BarWidth - done).Append("] ").Append(record.PercentComplete).Append('%');
        }

        if (!string.IsNullOrEmpty(record.CurrentOperation))
        {
            line.Append(' ').Append(record.CurrentOperation);
        }

        if (record.SecondsRemaining >= 0)
        {
            line.Append(", ").Append(TimeLeft(record.SecondsRemaining)).Append(" left");
        }

        return line.ToString().ReplaceLineEndings(" ");
    }

    private static string TimeLeft(int seconds) => seconds switch
    {
        < 60 => $"{seconds} s",
        < 3600 => $"{seconds / 60} min {seconds % 60:00} s",
        _ => $"{seconds / 3600} h {seconds / 60 % 60:00} min",
    };
}
