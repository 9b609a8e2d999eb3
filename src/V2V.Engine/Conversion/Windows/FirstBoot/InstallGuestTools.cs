using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>Lets the guest install QEMU's guest agent and the balloon device's service.</summary>
public sealed class InstallGuestTools : WindowsStep
{
    private const string AgentProgram = "/Program Files/Qemu-ga/qemu-ga.exe";

    private const string AgentWhy = "With the QEMU guest agent the host can shut the guest down and freeze its file systems for backups.";

    private const string BalloonWhy = "The host sees how much of the guest's memory is in use.";

    public override string Name => "Arranging for the guest agent";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        if (context.Drivers is not { Source: { } source, Selection: { } selection })
        {
            return;
        }

        // The agent speaks through virtio's serial port.
        if (selection.Agent is { File: var package } && context.Drivers.Has("vioser") && !context.Files.Root.FileExists(AgentProgram) && Batch.CanQuote(package.Name))
        {
            context.FirstBoot.Stage(new FirstBootFile(package.Name, () => source.Read(package), AgentWhy));
            context.FirstBoot.Add(AgentScript.Create(package.Name));
        }

        // Not where the driver's own INF file installs it.
        if (selection.BalloonService is { } program && selection.Find("balloon") is { } driver
            && !driver.Inf.Services.Any(s => s.BinaryName.Equals(BalloonServiceScript.Program, StringComparison.OrdinalIgnoreCase)))
        {
            context.Files.WriteNewFile(
                $"{windows.SystemRoot}/{StageDrivers.Folder.Replace('\\', '/')}/{BalloonServiceScript.Program}", source.Read(program), $"copy of {program.Path}", BalloonWhy);
            context.FirstBoot.Add(BalloonServiceScript.Create());
        }
    }
}
