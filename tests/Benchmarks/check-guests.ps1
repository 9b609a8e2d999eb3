<#
.SYNOPSIS
Measures what Test-V2VGuest -CheckOnly costs for many guests in one process.
.DESCRIPTION
Gives the guests as many names as are wanted, by hard links, tests the first alone and the others together, and writes one line for each figure:
name, tab, seconds. Runs in PowerShell 7.6 and in V2V.Shell.
.PARAMETER Module
The module's manifest.
.PARAMETER Source
Guests of one file each (disk, OVA), separated by commas; they take turns.
.PARAMETER Guests
How many there are in all.
.PARAMETER AtOnce
The ThrottleLimit.
.PARAMETER Work
A folder for the links, on the file system of the guests.
.EXAMPLE
dotnet run --project src/V2V.Shell -c Release -- tests/Benchmarks/check-guests.ps1 -Module V2V.psd1 -Source guest.ova,other.raw -Guests 200 -AtOnce 2 -Work /var/tmp/links
#>
param([string] $Module, [string] $Source, [int] $Guests, [int] $AtOnce, [string] $Work)

$ErrorActionPreference, $ProgressPreference = 'Stop', 'SilentlyContinue'
Import-Module $Module
$sources = $Source -split ','
[void][IO.Directory]::CreateDirectory($Work)
$folder = [IO.Path]::Combine($Work, [IO.Path]::GetRandomFileName())
[void][IO.Directory]::CreateDirectory($folder)

function Write-Figure([string] $name, [double] $seconds) {
    [Console]::Out.WriteLine([string]::Format([cultureinfo]::InvariantCulture, "{0}`t{1}", $name, $seconds))
}

# What was measured must be what was meant: guests that were looked into, and nothing that stands against them.
function Test-Guest([string[]] $paths) {
    $found = @(Test-V2VGuest $paths -CheckOnly -ThrottleLimit $AtOnce -WarningAction SilentlyContinue)
    if ($found.Count -ne $paths.Count -or $found.Where({ -not $_.OperatingSystem }).Count -gt 0) { throw "Not every guest was looked into: $found" }
}

try {
    $paths = foreach ($i in 1..$Guests) {
        $from = $sources[($i - 1) % $sources.Count]
        $link = [IO.Path]::Combine($folder, "guest$i" + [IO.Path]::GetExtension($from))
        & ln $from $link
        if ($LASTEXITCODE -ne 0) { throw "$from could not be linked to $link." }
        $link
    }
    $clock, $cpu = [Diagnostics.Stopwatch]::StartNew(), [Environment]::CpuUsage.TotalTime
    Test-Guest @($paths)[0]
    Write-Figure 'the first' $clock.Elapsed.TotalSeconds
    Write-Figure 'CPU of the first' ([Environment]::CpuUsage.TotalTime - $cpu).TotalSeconds
    if ($Guests -gt 1) {
        $clock, $cpu = [Diagnostics.Stopwatch]::StartNew(), [Environment]::CpuUsage.TotalTime
        Test-Guest @($paths)[1..($Guests - 1)]
        Write-Figure 'all others' $clock.Elapsed.TotalSeconds
        Write-Figure 'each other' ($clock.Elapsed.TotalSeconds / ($Guests - 1))
        Write-Figure 'CPU of each other' (([Environment]::CpuUsage.TotalTime - $cpu).TotalSeconds / ($Guests - 1))
    }
}
finally {
    [IO.Directory]::Delete($folder, $true)
}
