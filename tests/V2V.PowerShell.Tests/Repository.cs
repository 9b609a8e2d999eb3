using System.Reflection;
using System.Runtime.CompilerServices;

namespace V2V.PowerShell.Tests;

/// <summary>Where the files of the project are, as the build noted it.</summary>
internal static class Repository
{
    public static string Root { get; } = Metadata("RepositoryRoot");

    public static string Manifest { get; } = Path.Combine(Root, "V2V.psd1");

    public static string Shell { get; } = Metadata("Shell");

    /// <summary>A small guest that converts.</summary>
    public static string SampleGuest { get; } = Path.Combine(Root, "samples", "debian12.ova");

    /// <summary>Profiles of the tests do not mix with those of the user who runs them.</summary>
    public static string Configuration { get; } = Path.Combine(Path.GetTempPath(), $"v2v-tests-{Environment.ProcessId}");

    [ModuleInitializer]
    internal static void Isolate()
    {
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", Configuration);
        Environment.SetEnvironmentVariable("V2V_MACHINE_PROFILES", Path.Combine(Configuration, "machine"));
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            if (Directory.Exists(Configuration))
            {
                Directory.Delete(Configuration, recursive: true);
            }
        };
    }

    private static string Metadata(string key) =>
        typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
