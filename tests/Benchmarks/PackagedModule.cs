using System.Runtime.InteropServices;
using V2V.Engine;

namespace V2V.Benchmarks;

/// <summary>What is measured: the module as its package has it, whose engine is compiled ahead for this platform if it is one that the package knows.</summary>
internal sealed class PackagedModule
{
    private PackagedModule(string manifest, string worker)
    {
        Manifest = manifest;
        WorkerAssembly = worker;
    }

    /// <summary>The module's manifest.</summary>
    public string Manifest { get; }

    /// <summary>This program beside the package's engine (see <see cref="Worker"/>).</summary>
    public string WorkerAssembly { get; }

    /// <summary>Makes both.</summary>
    /// <param name="workFolder">Where to.</param>
    public static PackagedModule Build(string workFolder)
    {
        var package = Path.Combine(workFolder, "package");
        var build = Contenders.Script("build.ps1 -Task Package", "../../build.ps1", package, ["-Task", "Package", "-OutputDirectory", package]);
        MeasuredProcess.Run(build with { PrintsPhases = false, KeepsOutput = true }, isFirst: false);

        var module = Path.Combine(package, "V2V");
        var worker = Directory.CreateDirectory(Path.Combine(workFolder, "worker")).FullName;
        var engine = typeof(V2VException).Assembly.ManifestModule.Name;
        foreach (var file in Directory.GetFiles(AppContext.BaseDirectory))
        {
            File.Copy(file, Path.Combine(worker, Path.GetFileName(file)), overwrite: true);
        }

        var engines = Path.Combine(module, "module", "bin", "engine");
        var ahead = Path.Combine(engines, $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}", engine);
        File.Copy(File.Exists(ahead) ? ahead : Path.Combine(engines, engine), Path.Combine(worker, engine), overwrite: true);
        return new PackagedModule(Path.Combine(module, "V2V.psd1"), Path.Combine(worker, Path.GetFileName(typeof(PackagedModule).Assembly.Location)));
    }
}
