using System.Diagnostics;
using System.Reflection.PortableExecutable;
using V2V.Engine.Conversion.Windows.FirstBoot;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows.FirstBoot;

/// <summary>The programs that are committed are what the sources make, and ask for nothing that Windows XP lacks.</summary>
public sealed class FirstBootProgramTests
{
    /// <summary>What the programs in the repository were made with; another compiler makes other bytes of the same sources.</summary>
    private const string Compiler = "12-win32";

    private const string Linker = "2.40";

    public static TheoryData<string, Machine, int> Programs => new() { { "x86_64", Machine.Amd64, 0x20B }, { "i686", Machine.I386, 0x10B } };

    [Fact]
    public void The_sources_make_these_programs()
    {
        ExternalTool.Need("x86_64-w64-mingw32-gcc", "i686-w64-mingw32-gcc", "x86_64-w64-mingw32-windres", "i686-w64-mingw32-windres");
        var compiler = ExternalTool.Check("x86_64-w64-mingw32-gcc", "--version").Split('\n')[0];
        var linker = ExternalTool.Check("x86_64-w64-mingw32-ld", "--version").Split('\n')[0];
        Assert.SkipUnless(
            compiler.Contains(Compiler, StringComparison.Ordinal) && linker.Contains(Linker, StringComparison.Ordinal),
            $"needs mingw-w64's GCC {Compiler} and ld {Linker}, which made the programs; here are {compiler} and {linker}");
        using var folder = new TestFolder();
        ExternalTool.Check("/bin/sh", Path.Combine(Sources(), "src", "V2V.FirstBoot", "build.sh"), folder.Path);
        foreach (var architecture in (string[])["x86_64", "i686"])
        {
            Assert.True(
                File.ReadAllBytes(folder[$"v2v-firstboot-{architecture}.exe"]).AsSpan().SequenceEqual(FirstBootRunner.Program(architecture)),
                $"src/V2V.FirstBoot was changed: run its build.sh and commit the programs ({architecture} differs).");
        }
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Programs_are_small_and_run_on_Windows_XP(string architecture, Machine machine, int magic)
    {
        var program = FirstBootRunner.Program(architecture);
        Assert.InRange(program.Length, 1, 20 << 10);
        using var pe = new PEReader(new MemoryStream(program));
        Assert.Equal(machine, pe.PEHeaders.CoffHeader.Machine);
        Assert.Equal(0, pe.PEHeaders.CoffHeader.TimeDateStamp);
        var header = pe.PEHeaders.PEHeader!;
        Assert.Equal(magic, (int)header.Magic);
        Assert.Equal(Subsystem.WindowsGui, header.Subsystem);
        Assert.Equal((5, 1), (header.MajorSubsystemVersion, header.MinorSubsystemVersion));
        Assert.Equal((5, 1), (header.MajorOperatingSystemVersion, header.MinorOperatingSystemVersion));
        Assert.Equal(DllCharacteristics.DynamicBase | DllCharacteristics.NxCompatible, header.DllCharacteristics & (DllCharacteristics)0x140);
        Assert.Equal((Characteristics)0, pe.PEHeaders.CoffHeader.Characteristics & Characteristics.RelocsStripped);
    }

    /// <summary>Every function is in kernel32 or advapi32 of Windows 2000 or XP. One that is not there keeps the program from starting.</summary>
    [Theory]
    [MemberData(nameof(Programs))]
    public void Programs_import_what_every_Windows_has(string architecture, Machine machine, int magic)
    {
        Assert.True(machine != 0 && magic != 0);
        var objdump = architecture + "-w64-mingw32-objdump";
        ExternalTool.Need(objdump);
        using var folder = new TestFolder();
        var lines = ExternalTool.Check(objdump, "-p", folder.Write("program.exe", FirstBootRunner.Program(architecture))).Split('\n');
        Assert.Equal(["ADVAPI32.dll", "KERNEL32.dll"], lines.Where(l => l.Contains("DLL Name:")).Select(l => l.Split(':')[1].Trim()));
        var imports = lines.Select(l => l.Trim().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Where(p => p.Length == 3 && p[1].All(char.IsAsciiDigit) && p[0].All(char.IsAsciiHexDigit) && char.IsAsciiLetter(p[2][0]))
            .Select(p => p[2]).ToArray();
        Assert.True(imports.Length > 40, string.Join(' ', imports));
        Assert.Empty(imports.Except(FunctionsOfXP.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
    }

    private const string FunctionsOfXP =
        """
        AdjustTokenPrivileges ChangeServiceConfigW CloseServiceHandle DeleteService DeregisterEventSource InitiateSystemShutdownExW
        LookupPrivilegeValueW OpenProcessToken OpenSCManagerW OpenServiceW RegCloseKey RegOpenKeyExW RegQueryValueExW RegisterEventSourceW
        RegisterServiceCtrlHandlerExW ReportEventW SetServiceStatus StartServiceCtrlDispatcherW AssignProcessToJobObject CloseHandle
        CreateDirectoryW CreateEventW CreateFileW CreateJobObjectW CreateProcessW EnterCriticalSection ExitProcess FindClose FindFirstFileW
        FindNextFileW FlushFileBuffers GetCurrentProcess GetExitCodeProcess GetFileAttributesW GetFileSize GetLastError GetLocalTime
        GetModuleFileNameW GetModuleHandleW GetPrivateProfileIntW GetProcAddress GetSystemDirectoryW GetSystemWindowsDirectoryW GetTickCount
        GetVersion InitializeCriticalSection LeaveCriticalSection MoveFileExW OpenEventW QueryInformationJobObject ReadFile ResumeThread
        SetEnvironmentVariableW SetErrorMode SetEvent SetLastError TerminateJobObject TerminateProcess WaitForMultipleObjects WaitForSingleObject
        WideCharToMultiByte WriteFile lstrlenW
        """;

    private static string Sources()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "src", "V2V.FirstBoot", "build.sh")))
            {
                return folder;
            }
        }

        Assert.Skip("needs the sources of the first boot runner");
        throw new UnreachableException();
    }
}
