using System.Globalization;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Installs the service that runs the scripts of the first boot, with the scripts and their files. Last, because the other steps add to them; where
/// none did, nothing is installed.
/// </summary>
public sealed class InstallFirstBootRunner : WindowsStep
{
    private const string Why = "Windows completes the conversion itself when it starts for the first time; then the service removes itself.";

    private const string Image = @"%SystemRoot%\" + FirstBootRunner.Folder + @"\" + FirstBootRunner.ProgramName;

    /// <summary>SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL.</summary>
    private const uint OwnProcess = 0x10;
    private const uint AutomaticStart = 2;
    private const uint NormalError = 1;

    /// <summary>In milliseconds. The default is three minutes in earlier versions and ten seconds since Windows 10 version 1703, too little for a driver.</summary>
    private const uint ShutdownTimeout = 180_000;

    /// <summary>A program of every Windows since XP whose messages 1 to 1000 are the event's own text.</summary>
    private const string EventMessages = @"%SystemRoot%\System32\EventCreate.exe";

    private const uint EventTypes = 7;

    public override string Name => "Installing the first boot service";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        if (context.FirstBoot.Scripts.Count == 0)
        {
            return;
        }

        var architecture = context.Guest.OperatingSystem.Architecture;
        if (!FirstBootRunner.HasProgram(architecture))
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "FirstBootUnavailable",
                $"There is no first boot service for {architecture}, so the guest does not do by itself: {string.Join(", ", context.FirstBoot.Scripts.Select(s => s.Name))}.",
                "Do it in the guest after its first start."));
            return;
        }

        var folder = $"{windows.SystemRoot}/{FirstBootRunner.Folder.Replace('\\', '/')}";
        CreateFolders(context, folder);
        WriteFiles(context, folder, architecture);
        foreach (var set in context.Registry.ControlSets)
        {
            Register(context.Registry, set);
        }
    }

    /// <summary>What a former conversion left of its state would keep the scripts from running.</summary>
    private static void CreateFolders(ConversionContext context, string folder)
    {
        foreach (var (path, security) in (ReadOnlySpan<(string, byte[])>)[
            (folder[..folder.LastIndexOf('/')], FirstBootSecurity.TopFolder), (folder, FirstBootSecurity.TopFolder),
            (folder + "/scripts", FirstBootSecurity.Folder), (folder + "/state", FirstBootSecurity.Folder), (folder + "/logs", FirstBootSecurity.Folder)])
        {
            foreach (var entry in path.EndsWith("/scripts", StringComparison.Ordinal) || path.EndsWith("/state", StringComparison.Ordinal) ? context.Files.Root.Enumerate(path) : [])
            {
                if (entry.Type != GuestFileType.Directory)
                {
                    context.Files.Delete($"{path}/{entry.Name}", "A former conversion left it.");
                }
            }

            context.Files.CreateDirectories(path, Why);
            Secure(context, path, security);
        }
    }

    private static void WriteFiles(ConversionContext context, string folder, string architecture)
    {
        Write($"{folder}/{FirstBootRunner.ProgramName}", FirstBootRunner.Program(architecture), "the first boot service's program", Why);
        var limits = new List<string>();
        var number = 0;
        foreach (var script in context.FirstBoot.Scripts.OrderBy(s => s.Priority))
        {
            var name = FileName(script, number++);
            var batch = script.Content;
            if (script.Kind == FirstBootScriptKind.PowerShell)
            {
                Write($"{folder}/scripts/{name}.ps1", GuestText.Encode(script.Content), $"what {name}.cmd runs", Why);
                batch = PowerShellScript.Wrapper(name + ".ps1");
            }

            Write($"{folder}/scripts/{name}.cmd", GuestText.Encode(batch), $"runs at the first start: {script.Name}", Why);
            if (script.Limit is { } limit)
            {
                limits.Add(string.Create(CultureInfo.InvariantCulture, $"{name}.cmd={limit.TotalSeconds:0}"));
            }
        }

        foreach (var file in context.FirstBoot.Files)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if (file.Name.EndsWith(".cmd", StringComparison.OrdinalIgnoreCase))
            {
                throw new InvalidOperationException($"The first boot service would run {file.Name}, which is a file for scripts.");
            }

            Write($"{folder}/scripts/{file.Name}", file.Read(), "used at the first start", file.Why);
        }

        Write($"{folder}/firstboot.ini", GuestText.Encode($"[LimitSeconds]\r\n{string.Concat(limits.Select(l => l + "\r\n"))}"), "time limits of the scripts", Why);

        void Write(string path, byte[] content, string what, string why)
        {
            context.Files.WriteNewFile(path, content, what, why);
            Secure(context, path, FirstBootSecurity.File);
        }
    }

    /// <summary>Only where the file system has security descriptors; that of Windows' own volume always does.</summary>
    private static void Secure(ConversionContext context, string path, byte[] security)
    {
        var at = context.Files.Root.Resolve(path);
        if (at.FileSystem.Kind == "ntfs")
        {
            at.Writable.SetExtendedAttribute(at.Path, FirstBootSecurity.Attribute, security);
        }
    }

    private static void Register(RegistryEditor registry, string controlSet)
    {
        var key = $@"{controlSet}\Services\{FirstBootRunner.ServiceName}";
        registry.Delete(key, "A former conversion left it.");
        registry.SetUInt32(key, "Type", OwnProcess, Why);
        registry.SetUInt32(key, "Start", AutomaticStart, Why);
        registry.SetUInt32(key, "ErrorControl", NormalError, Why);
        registry.SetString(key, "ImagePath", $"\"{Image}\"", Why, RegistryValueKind.ExpandString);
        registry.SetString(key, "DisplayName", FirstBootRunner.DisplayName, Why);
        registry.SetString(key, "Description", FirstBootRunner.Description, Why);
        registry.SetString(key, "ObjectName", "LocalSystem", Why);
        registry.SetUInt32(key, "PreshutdownTimeout", ShutdownTimeout, "A script that is running when Windows shuts down gets the time to end.");

        var source = $@"{controlSet}\Services\EventLog\Application\{FirstBootRunner.ServiceName}";
        const string SourceWhy = "The event log shows the text of the service's event.";
        registry.SetString(source, "EventMessageFile", EventMessages, SourceWhy, RegistryValueKind.ExpandString);
        registry.SetUInt32(source, "TypesSupported", EventTypes, SourceWhy);
    }

    /// <summary>"1000-03-install-netkvm": names sort in the order in which the scripts run.</summary>
    internal static string FileName(FirstBootScript script, int number)
    {
        const int MaxLength = 60;
        var name = string.Concat(script.Name.Take(MaxLength).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-'));
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(script.Priority, 0, 9999):0000}-{number:000}-{name}");
    }
}
