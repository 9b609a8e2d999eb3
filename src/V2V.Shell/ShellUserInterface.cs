using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace V2V.Shell;

/// <summary>What the engine writes and asks, on a terminal or in a file.</summary>
internal sealed class ShellUserInterface(Terminal terminal) : PSHostUserInterface
{
    private const string Yellow = "\e[33;1m";

    public override PSHostRawUserInterface RawUI { get; } = new ShellRawUserInterface();

    public override bool SupportsVirtualTerminal => terminal.OutputHasColours;

    public override void Write(string value) => terminal.Write(value);

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) => terminal.Write(value);

    public override void WriteLine(string value) => terminal.Write(value + Environment.NewLine);

    public override void WriteErrorLine(string value) => terminal.WriteErrorLine(value);

    public override void WriteDebugLine(string message) => terminal.WriteErrorLine($"DEBUG: {message}", Yellow);

    public override void WriteVerboseLine(string message) => terminal.WriteErrorLine($"VERBOSE: {message}", Yellow);

    public override void WriteWarningLine(string message) => terminal.WriteErrorLine($"WARNING: {message}", Yellow);

    public override void WriteProgress(long sourceId, ProgressRecord record) => terminal.ShowProgress(record);

    public override string ReadLine() => Ask("");

    public override SecureString ReadLineAsSecureString()
    {
        var secret = new SecureString();
        if (!Terminal.InputIsTerminal)
        {
            foreach (var c in Ask(""))
            {
                secret.AppendChar(c);
            }

            return secret;
        }

        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                if (secret.Length > 0)
                {
                    secret.RemoveAt(secret.Length - 1);
                }
            }
            else if (!char.IsControl(key.KeyChar))
            {
                secret.AppendChar(key.KeyChar);
            }
        }

        terminal.WriteErrorLine("");
        return secret;
    }

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
    {
        WriteHeading(caption, message);
        return descriptions.ToDictionary(field => field.Name, field => PSObject.AsPSObject(AskField(field)));
    }

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        WriteHeading(caption, message);
        var labels = choices.Select(choice => (Key: Hotkey(choice.Label), Text: choice.Label.Replace("&", "", StringComparison.Ordinal))).ToList();
        var question = string.Join("  ", labels.Select(label => $"[{label.Key}] {label.Text}")) + "  [?] Help"
            + (defaultChoice >= 0 ? $" (default is \"{labels[defaultChoice].Key}\"): " : ": ");
        while (true)
        {
            var answer = Ask(question).Trim();
            if (answer.Length == 0 && defaultChoice >= 0)
            {
                return defaultChoice;
            }

            var chosen = labels.FindIndex(label => answer.Equals(label.Key, StringComparison.OrdinalIgnoreCase)
                || answer.Equals(label.Text, StringComparison.OrdinalIgnoreCase));
            if (chosen >= 0)
            {
                return chosen;
            }

            if (answer == "?")
            {
                for (var i = 0; i < choices.Count; i++)
                {
                    terminal.WriteErrorLine($"{labels[i].Key} - {choices[i].HelpMessage}");
                }
            }
        }
    }

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        PromptForCredential(caption, message, userName, targetName, PSCredentialTypes.Default, PSCredentialUIOptions.Default);

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options)
    {
        WriteHeading(caption, message);
        var user = string.IsNullOrEmpty(userName) ? Ask("User: ") : userName;
        terminal.WritePrompt($"Password for user {user}: ");
        return new PSCredential(user, ReadLineAsSecureString());
    }

    private object? AskField(FieldDescription field)
    {
        var type = Type.GetType(field.ParameterAssemblyFullName) ?? typeof(string);
        if (type == typeof(SecureString))
        {
            terminal.WritePrompt($"{field.Name}: ");
            return ReadLineAsSecureString();
        }

        if (type == typeof(PSCredential))
        {
            return PromptForCredential("", "", "", "");
        }

        if (!type.IsArray)
        {
            return LanguagePrimitives.ConvertTo(Ask($"{field.Name}: "), type, CultureInfo.CurrentCulture);
        }

        var items = new List<string>();
        while (Ask($"{field.Name}[{items.Count}]: ") is { Length: > 0 } item)
        {
            items.Add(item);
        }

        return LanguagePrimitives.ConvertTo(items.ToArray(), type, CultureInfo.CurrentCulture);
    }

    /// <exception cref="HostException">The input has ended, so that nobody can answer.</exception>
    private string Ask(string question)
    {
        terminal.WritePrompt(question);
        return Console.In.ReadLine() ?? throw new HostException("A question was asked, but the input has ended.");
    }

    private void WriteHeading(string caption, string message)
    {
        foreach (var line in new[] { caption, message })
        {
            if (!string.IsNullOrEmpty(line))
            {
                terminal.WriteErrorLine(line);
            }
        }
    }

    private static string Hotkey(string label)
    {
        var mark = label.IndexOf('&', StringComparison.Ordinal);
        return mark >= 0 && mark + 1 < label.Length ? label[mark + 1].ToString().ToUpperInvariant() : label;
    }
}
