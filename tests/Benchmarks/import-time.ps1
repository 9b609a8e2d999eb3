<#
.SYNOPSIS
Measures what importing the module costs beyond the engine's own start.
.DESCRIPTION
Starts a shell many times, with the import and without it by turns, so that whatever else the machine does meets both alike, and writes both
medians and their difference in milliseconds. Runs in PowerShell 7.6 and in V2V.Shell.
.PARAMETER Runs
Processes of each kind.
.EXAMPLE
dotnet run --project src/V2V.Shell -c Release -- tests/Benchmarks/import-time.ps1
#>
param([int] $Runs = 15)

$ErrorActionPreference = 'Stop'
$manifest = [IO.Path]::GetFullPath([IO.Path]::Combine($PSScriptRoot, '..', '..', 'V2V.psd1'))
# This very shell: pwsh, or "dotnet exec v2v-shell.dll".
$command = [Environment]::GetCommandLineArgs()[0]
$program, $start = if ($command.EndsWith('v2v-shell.dll')) { 'dotnet', @('exec', $command) } else { [Environment]::ProcessPath, @() }
if ($program -ne 'dotnet' -and $program -notmatch 'v2v-shell') { $start += '-NoProfile' }

# Scripts are files: V2V.Shell imports the module by itself for -Command.
function Measure-Start([string] $script) {
    $clock = [Diagnostics.Stopwatch]::StartNew()
    & $program @start $script | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "$program ended with exit code $LASTEXITCODE." }
    $clock.Elapsed.TotalMilliseconds
}

function Get-Median([double[]] $values) {
    [Array]::Sort($values)
    $middle = [Math]::Floor($values.Count / 2)
    if ($values.Count % 2) { $values[$middle] } else { ($values[$middle - 1] + $values[$middle]) / 2 }
}

$folder = [IO.Directory]::CreateTempSubdirectory('v2v-import-').FullName
$nothing, $import = "$folder/nothing.ps1", "$folder/import.ps1"
[IO.File]::WriteAllText($nothing, '$ErrorActionPreference = 1')
[IO.File]::WriteAllText($import, "Import-Module '$manifest'")
$bare, $with = @(), @()
try {
    [void](Measure-Start $nothing); [void](Measure-Start $import)
    for ($i = 0; $i -lt $Runs; $i++) {
        $bare += Measure-Start $nothing
        $with += Measure-Start $import
    }
}
finally {
    [IO.Directory]::Delete($folder, $true)
}

[pscustomobject]@{
    Runs = $Runs
    EngineMs = [Math]::Round((Get-Median $bare))
    EngineAndImportMs = [Math]::Round((Get-Median $with))
    ImportMs = [Math]::Round((Get-Median $with) - (Get-Median $bare))
}
