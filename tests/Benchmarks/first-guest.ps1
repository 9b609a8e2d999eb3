<#
.SYNOPSIS
Measures the first conversion of a process.
.DESCRIPTION
Imports the module, converts a guest into a folder and writes one line for each figure: name, tab, seconds. "CPU" is what the conversion took of it, "compiler" what
the runtime needed to compile methods in that time. Runs in PowerShell 7.6 and in V2V.Shell.
.PARAMETER Module
The module's manifest.
.PARAMETER Source
The guest.
.PARAMETER Output
The folder for its disks.
.EXAMPLE
dotnet run --project src/V2V.Shell -c Release -- tests/Benchmarks/first-guest.ps1 -Module V2V.psd1 -Source guest.ova -Output /var/tmp/out
#>
param([string] $Module, [string] $Source, [string] $Output)

$ErrorActionPreference, $ProgressPreference = 'Stop', 'SilentlyContinue'
Import-Module $Module

function Write-Figure([string] $name, [double] $seconds) {
    [Console]::Out.WriteLine([string]::Format([cultureinfo]::InvariantCulture, "{0}`t{1}", $name, $seconds))
}

$clock, $cpu, $compiler = [Diagnostics.Stopwatch]::StartNew(), [Environment]::CpuUsage.TotalTime, [Runtime.JitInfo]::GetCompilationTime()
$result = Invoke-V2VConversion $Source -OutputDirectory $Output -WarningAction SilentlyContinue
Write-Figure 'conversion' $clock.Elapsed.TotalSeconds
Write-Figure 'CPU' ([Environment]::CpuUsage.TotalTime - $cpu).TotalSeconds
Write-Figure 'compiler' ([Runtime.JitInfo]::GetCompilationTime() - $compiler).TotalSeconds
foreach ($phase in $result.Phases) { Write-Figure $phase.Name $phase.Seconds }
