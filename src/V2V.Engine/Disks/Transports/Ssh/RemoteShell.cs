using System.Text;
using Renci.SshNet;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>
/// Runs small scripts on a host, for what SFTP cannot tell. The script goes to a shell's input, so that nothing is left to the login
/// shell to interpret.
/// </summary>
internal static class RemoteShell
{
    /// <summary>A word of a shell script that stands for exactly this text.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>What a script prints; null when the host runs none, the script fails, takes too long, or prints more than it should.</summary>
    public static string? Run(SshLink link, string script, int maximumOutput, TimeSpan limit)
    {
        try
        {
            using SshCommand command = link.Shell().CreateCommand("sh");
            command.CommandTimeout = limit;
            Task run = command.ExecuteAsync();
            using (Stream input = command.CreateInputStream())
            {
                input.Write(Encoding.UTF8.GetBytes(script));
            }

            var output = new MemoryStream();
            byte[] buffer = new byte[64 << 10];
            while (command.OutputStream.Read(buffer) is > 0 and var read)
            {
                output.Write(buffer, 0, read);
                if (output.Length > maximumOutput)
                {
                    return null;
                }
            }

            run.GetAwaiter().GetResult();
            return command.ExitStatus == 0 ? Encoding.Latin1.GetString(output.GetBuffer(), 0, (int)output.Length) : null;
        }
        catch (Exception e) when (e is V2VException || SshFault.IsLost(e))
        {
            // Accounts for SFTP only, appliances: what was asked for stays unknown. A lost connection shows with the next read.
            return null;
        }
    }
}
