using V2V.Engine.FileSystems;
using V2V.Engine.IO;

namespace V2V.Engine.Inspection.Windows;

/// <summary>The architecture that a Windows was built for, from the PE header of a program that every version has.</summary>
internal static class PeArchitecture
{
    private static readonly string[] Programs = ["cmd.exe", "ntoskrnl.exe", "kernel32.dll"];

    /// <summary>Null when none of the programs can be read.</summary>
    public static string? Detect(GuestRoot root, string systemRoot)
    {
        foreach (var program in Programs)
        {
            try
            {
                var at = root.Resolve($"{systemRoot}/system32/{program}");
                if (at.FileSystem.Find(at.Path) is { IsRegular: true }
                    && PeHeader.ArchitectureOf(PeHeader.ReadMachine((offset, buffer) => at.FileSystem.Read(at.Path, offset, buffer))) is { } architecture)
                {
                    return architecture;
                }
            }
            catch (GuestFileSystemException)
            {
                // One that cannot be read, as when it was moved to a cloud or deduplicated, leaves the others.
            }
        }

        return null;
    }
}
