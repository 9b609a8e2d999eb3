namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// The Windows service that runs the scripts of the first boot, and the names that it goes by. Its source is src/V2V.FirstBoot/runner.c, which
/// also says what it promises.
/// </summary>
internal static class FirstBootRunner
{
    internal const string ServiceName = "V2VFirstBoot";

    internal const string DisplayName = "V2V first boot";

    internal const string Description = "Completes the conversion of this computer to KVM: installs drivers and the guest agent, then removes itself.";

    /// <summary>Below the system root, so that neither a drive letter nor the language of "Program Files" matters.</summary>
    internal const string Folder = @"V2V\FirstBoot";

    internal const string ProgramName = "v2v-firstboot.exe";

    /// <summary>Windows Installer's code: done, and Windows has to restart.</summary>
    internal const int RestartRequired = 3010;

    /// <summary>Not yet: the runner restarts Windows and runs the script again, before those after it, a bounded number of times.</summary>
    internal const int RetryAfterRestart = 249;

    /// <summary>The longest name of a script with its extension that the runner takes.</summary>
    internal const int MaxNameLength = 79;

    /// <summary>The program for a guest's architecture, as the inspection names it.</summary>
    internal static byte[] Program(string architecture)
    {
        using var stream = typeof(FirstBootRunner).Assembly.GetManifestResourceStream($"v2v-firstboot-{architecture}.exe")
            ?? throw new ArgumentException($"There is no first boot runner for {architecture}.", nameof(architecture));
        var program = new byte[stream.Length];
        stream.ReadExactly(program);
        return program;
    }

    internal static bool HasProgram(string architecture) => architecture is "x86_64" or "i686";
}
