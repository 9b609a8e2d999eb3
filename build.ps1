<#
.SYNOPSIS
Builds, tests, demonstrates or packages V2V.
.DESCRIPTION
Runs in PowerShell 7.6 and in V2V.Shell, which has the engine but none of the Utility and Management commands. That is why this file calls
.NET and native programs where a script would usually call Join-Path or Write-Host.
.PARAMETER Task
Build (the default); Test: install what the tests need, run them, and print the count as the last line; Demo: convert the sample into out/;
Package: make output/V2V, ready to be copied to a folder of PSModulePath, and of it the .nupkg that the PowerShell Gallery takes.
.PARAMETER Configuration
Release (the default) or Debug.
.PARAMETER Filter
Test: run only test classes whose full name matches this pattern, such as *Profile*.
.PARAMETER Fast
Test: leave out the tests that boot guests or take long.
.PARAMETER NoInstall
Test: install nothing; tests whose programs are missing skip themselves and say so.
.PARAMETER OutputDirectory
Package: the folder that takes the package; output is the default.
.PARAMETER NoBuild
Package: pack what was built before.
.EXAMPLE
dotnet run --project src/V2V.Shell -c Release -- build.ps1 -Task Test
#>
param(
    [ValidateSet('Build', 'Test', 'Demo', 'Package')]
    [string] $Task = 'Build',
    [ValidateSet('Release', 'Debug')]
    [string] $Configuration = 'Release',
    [string] $Filter,
    [switch] $Fast,
    [switch] $NoInstall,
    [string] $OutputDirectory = [IO.Path]::Combine($PSScriptRoot, 'output'),
    [switch] $NoBuild
)

$ErrorActionPreference = 'Stop'
$root = $PSScriptRoot
# The programs of the tests: they make guests, read what V2V wrote with code that is not ours, and boot the result.
$testPackages = @(
    'qemu-system-x86', 'qemu-utils', 'e2fsprogs', 'mmdebstrap', 'mount', 'fdisk', 'gdisk', 'ovmf', 'swtpm', 'swtpm-tools', 'python3',
    'libvirt-daemon-system', 'libvirt-daemon-driver-qemu', 'libvirt-clients', 'libxml2-utils', 'dnsmasq-base', 'iproute2',
    'linux-image-amd64', 'kmod', 'cpio', 'gcc', 'libc6-dev', 'gzip', 'bzip2', 'xz-utils', 'zstd', 'lz4',
    'xfsprogs', 'btrfs-progs', 'dosfstools', 'mtools', 'ntfs-3g', 'cryptsetup-bin', 'lvm2', 'virt-v2v', 'libnbd-bin', 'nbdkit', 'python3-hivex', 'busybox-static', 'nginx-light',
    'rpm', 'sqlite3', 'db-util', 'osinfo-db', 'libosinfo-bin', 'grub-common', 'grub-pc-bin', 'systemd-boot',
    'dracut-core', 'selinux-utils', 'gcc-mingw-w64-x86-64', 'gcc-mingw-w64-i686', 'wine64',
    'libwin-hivex-perl', 'python3-libvhdi', 'libhivex-bin', 'attr', 'sleuthkit', 'p7zip-full', 'zip', 'openssl', 'wimtools', 'xorriso', 'genisoimage',
    'openssh-server', 'openssh-client', 'shellcheck', 'python3-yaml', 'strace', 'parted', 'nfs-kernel-server')

# Where V2V is worth being compiled ahead: the hosts of KVM.
$aheadPlatforms = @('linux-x64')

function Write-Line([string] $text) {
    [Console]::Out.WriteLine($text)
}

# Runs a program, its output shown as it comes, and ends the script if it fails.
function Invoke-Program([string] $program, [string[]] $arguments) {
    Write-Line "> $program $arguments"
    & $program @arguments | ForEach-Object { Write-Line $_ }
    if ($LASTEXITCODE -ne 0) {
        throw "$program ended with exit code $LASTEXITCODE."
    }
}

function Build-Part([string] $part) {
    Invoke-Program dotnet @('build', [IO.Path]::Combine($root, $part), '-c', $Configuration, '-v', 'quiet', '-nologo')
}

function Install-TestPackage {
    if (-not [IO.File]::Exists('/etc/debian_version')) {
        Write-Line 'This is not Debian or one of its kin: nothing is installed. Tests whose programs are missing are skipped.'
        return
    }
    $missing = $testPackages.Where({
        -not ((& dpkg-query -W -f '${Status}' $_ 2>&1 | ForEach-Object { "$_" }) -contains 'install ok installed')
    })
    if ($missing.Count -eq 0) {
        Write-Line 'Every package that the tests need is installed.'
    }
    elseif ((& id -u) -ne '0') {
        Write-Line "MISSING packages, to be installed as root with: apt-get install $missing"
        Write-Line 'Tests that need them are skipped.'
    }
    else {
        Write-Line "INSTALLING packages that the tests need: $missing"
        $env:DEBIAN_FRONTEND = 'noninteractive'
        Invoke-Program apt-get @('update', '-q')
        Invoke-Program apt-get (@('install', '-q', '-y', '--no-install-recommends') + $missing)
    }
}

function Find-Program([string] $name) {
    ("$env:PATH`:/usr/sbin:/sbin" -split ':').ForEach({ [IO.Path]::Combine($_, $name) }).Where({ [IO.File]::Exists($_) }, 'First')
}

function Start-Libvirt {
    $virsh = Find-Program virsh
    if (-not $virsh) {
        Write-Line 'There is no virsh here: tests of libvirt are skipped.'
        return
    }
    & $virsh -q -c qemu:///system version 2>&1 | Out-Null
    if ($LASTEXITCODE -eq 0) {
        return
    }
    foreach ($daemon in 'virtlogd', 'libvirtd') {
        $program = Find-Program $daemon
        if ($program -and (& id -u) -eq '0') {
            Write-Line "STARTING $program"
            & $program -d
        }
    }
    & $virsh -q -c qemu:///system version 2>&1 | Out-Null
    if ($LASTEXITCODE -ne 0) {
        Write-Line 'libvirt does not answer at qemu:///system: tests that need it are skipped.'
    }
}

# Runs one test project and returns its counts, read from the file that the runner wrote.
function Invoke-TestProject([string] $name) {
    $results = [IO.Path]::Combine($root, 'TestResults', "$name.xml")
    [void][IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($results))
    [IO.File]::Delete($results)
    $assembly = [IO.Path]::Combine($root, 'tests', $name, 'bin', $Configuration, 'net10.0', "$name.dll")
    $arguments = @('exec', $assembly, '-xml', $results, '-noLogo', '-noColor')
    if ($Fast) { $arguments += @('-trait-', 'Category=Slow') }
    if ($Filter) { $arguments += @('-class', $Filter) }

    Write-Line ''
    Write-Line "== $name"
    & dotnet @arguments | ForEach-Object { Write-Line $_ }
    $exitCode = $LASTEXITCODE

    $count = @{ Passed = 0; Failed = 0; Skipped = 0; Reasons = @() }
    if (-not [IO.File]::Exists($results)) {
        Write-Line "FAILED: $name ended with exit code $exitCode and without results."
        $count.Failed = 1
        return $count
    }
    $document = [xml]::new()
    $document.Load($results)
    foreach ($assemblyNode in $document.SelectNodes('/assemblies/assembly')) {
        $count.Passed += [int]$assemblyNode.passed
        $count.Failed += [int]$assemblyNode.failed + [int]$assemblyNode.errors
        $count.Skipped += [int]$assemblyNode.skipped + [int]$assemblyNode.'not-run'
    }
    foreach ($test in $document.SelectNodes("//test[@result='Skip' or @result='NotRun']")) {
        $reason = $test.SelectSingleNode('reason')
        $count.Reasons += '{0}: {1}' -f $test.name, $(if ($reason) { $reason.InnerText } else { 'not run' })
    }
    # A runner that ends badly after all its tests passed has not passed.
    if ($exitCode -ne 0 -and $count.Failed -eq 0) {
        Write-Line "FAILED: $name ended with exit code $exitCode."
        $count.Failed = 1
    }
    return $count
}

# Pester files need pwsh and Pester, which most machines that build V2V do not have.
function Invoke-PesterTest {
    $files = [IO.Directory]::GetFiles([IO.Path]::Combine($root, 'tests', 'Pester'), '*.Tests.ps1')
    $count = @{ Passed = 0; Failed = 0; Skipped = 0; Reasons = @() }
    $pwsh = Find-Program pwsh
    $results = [IO.Path]::Combine($root, 'TestResults', 'Pester.xml')
    [IO.File]::Delete($results)
    if ($pwsh) {
        Write-Line ''
        Write-Line '== Pester'
        $script = "if (-not (Get-Module -ListAvailable Pester | Where-Object Version -ge 5.0)) { exit 3 }; " +
            "`$c = New-PesterConfiguration; `$c.Run.Path = '$root/tests/Pester'; `$c.TestResult.Enabled = `$true; " +
            "`$c.TestResult.OutputPath = '$results'; Invoke-Pester -Configuration `$c"
        & $pwsh -NoProfile -NonInteractive -Command $script | ForEach-Object { Write-Line $_ }
    }
    if (-not $pwsh -or $LASTEXITCODE -eq 3) {
        $count.Skipped = $files.Length
        $count.Reasons = $files.ForEach({ "$([IO.Path]::GetFileName($_)): needs pwsh and Pester 5" })
    }
    elseif (-not [IO.File]::Exists($results)) {
        Write-Line 'FAILED: Pester left no results.'
        $count.Failed = 1
    }
    else {
        $document = [xml]::new()
        $document.Load($results)
        $total = $document.DocumentElement
        $count.Failed = [int]$total.failures + [int]$total.errors
        $count.Skipped = [int]$total.ignored + [int]$total.skipped + [int]$total.'not-run'
        $count.Passed = [int]$total.total - [int]$total.failures - [int]$total.ignored - [int]$total.skipped
    }
    return $count
}

function Test-Solution {
    if ($NoInstall) { Write-Line 'Nothing is installed, as asked.' } else { Install-TestPackage }
    Start-Libvirt
    try {
        Build-Part V2V.slnx
    }
    catch {
        Write-Line "FAILED: nothing could be tested. $_"
        Write-Line '0 passed, 1 failed, 0 skipped'
        exit 1
    }
    $counts = @(
        Invoke-TestProject V2V.Engine.Tests
        Invoke-TestProject V2V.PowerShell.Tests
        if (-not $Filter) { Invoke-PesterTest }
    )
    $passed = 0; $failed = 0; $skipped = 0
    Write-Line ''
    foreach ($count in $counts) {
        $passed += $count.Passed; $failed += $count.Failed; $skipped += $count.Skipped
        foreach ($reason in $count.Reasons) { Write-Line "SKIPPED $reason" }
    }
    if ($Fast) { Write-Line 'Slow tests were left out, as asked.' }
    Write-Line "$passed passed, $failed failed, $skipped skipped"
    if ($failed -gt 0 -or $passed -eq 0) { exit 1 }
}

function Convert-Sample {
    Build-Part src/V2V.PowerShell
    $output = [IO.Path]::Combine($root, 'out')
    Get-V2VSourceGuest "$root/samples/*.ova" | Invoke-V2VConversion -OutputDirectory $output -Force
}

function New-Package {
    if (-not $NoBuild) { Build-Part src/V2V.Help }
    $output = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($OutputDirectory)
    $package = [IO.Path]::Combine($output, 'V2V')
    if ([IO.Directory]::Exists($package)) { [IO.Directory]::Delete($package, $true) }

    # Our own symbols make a stack trace readable; everybody else's, and the compiler's view of PowerShell, stay out.
    $own = 'V2V.Loader', 'V2V.PowerShell'
    $engine = [IO.Directory]::GetFiles([IO.Path]::Combine($root, 'module', 'bin', 'engine'), '*.dll').ForEach({ 'module/bin/engine/' + [IO.Path]::GetFileName($_) })
    $files = @('V2V.psd1', 'LICENSE', 'README.md', 'CHANGELOG.md', 'module/V2V.Format.ps1xml', 'module/V2V.Types.ps1xml') +
        $own.ForEach({ "module/bin/$_.dll"; "module/bin/$_.pdb" }) + $engine + @('module/bin/engine/V2V.Engine.pdb', 'module/bin/en-US/V2V.PowerShell.dll-Help.xml')
    foreach ($file in $files) { Copy-PackageFile $file $package $file }
    foreach ($platform in $aheadPlatforms) { Add-CompiledAhead $platform $package }
    Copy-PackageFile docs/third-party-notices.txt $package THIRD-PARTY-NOTICES.txt
    # Help finds cmdlets' help beside their assembly, but topics only here.
    foreach ($topic in [IO.Directory]::GetFiles([IO.Path]::Combine($root, 'module', 'bin', 'en-US'), 'about_*.help.txt').ForEach({ [IO.Path]::GetFileName($_) })) {
        Copy-PackageFile "module/bin/en-US/$topic" $package "en-US/$topic"
    }

    $manifest = Test-ModuleManifest "$package/V2V.psd1"
    $nuspec = [IO.Path]::Combine($output, 'V2V.nuspec')
    [IO.File]::WriteAllText($nuspec, (Get-PackageDescription $manifest))
    # NuGet wants assemblies in lib/, where a module has none.
    Invoke-Program dotnet @('pack', [IO.Path]::Combine($root, 'src', 'V2V.PowerShell'), '-c', $Configuration, '--no-build', '-o', $output, '-v', 'quiet', '-nologo',
        "-p:NuspecFile=$nuspec", "-p:NuspecBasePath=$package", '-p:NoWarn=NU5100')
    Write-Line "Packaged $output/V2V.$($manifest.Version).nupkg"
}

# The engine with machine code for one platform beside its IL, so that nobody waits for it to be compiled. .NET refuses such a file on any other platform,
# so it goes to a folder of its own (see V2V.Loader) and the package works without it. The compiler is a package of Microsoft's, restored when it is needed.
function Add-CompiledAhead([string] $platform, [string] $package) {
    $engine = [IO.Path]::Combine($root, 'src', 'V2V.Engine')
    $place = [IO.Path]::Combine($package, 'module', 'bin', 'engine', $platform)
    $published = [IO.Directory]::CreateTempSubdirectory('v2v-ahead-').FullName
    try {
        Invoke-Program dotnet @('restore', $engine, '-r', $platform, '-v', 'quiet', '-p:PublishReadyToRun=true', '-p:DisableTransitiveFrameworkReferenceDownloads=true')
        # What was built already is compiled, so that both have the same symbols: without the property .NET would look for another build.
        Invoke-Program dotnet @('publish', $engine, '-c', $Configuration, '-r', $platform, '--no-build', '--self-contained', 'false', '-o', $published, '-v', 'quiet', '-nologo',
            '-p:PublishReadyToRun=true', '-p:AppendRuntimeIdentifierToOutputPath=false')
        [void][IO.Directory]::CreateDirectory($place)
        foreach ($file in 'V2V.Engine.dll', 'V2V.Engine.pdb') { [IO.File]::Copy([IO.Path]::Combine($published, $file), [IO.Path]::Combine($place, $file)) }
    }
    catch {
        Write-Line "NOT COMPILED AHEAD for ${platform}: the package works, but a first conversion takes longer. $_"
    }
    finally {
        [IO.Directory]::Delete($published, $true)
    }
}

function Copy-PackageFile([string] $file, [string] $package, [string] $place) {
    $source = [IO.Path]::Combine($root, $file)
    if (-not [IO.File]::Exists($source)) { throw "$file is missing." }
    $destination = [IO.Path]::Combine($package, $place)
    [void][IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($destination))
    [IO.File]::Copy($source, $destination)
}

# What the PowerShell Gallery shows of the module, all of it from the manifest and the changelog.
function Get-PackageDescription($manifest) {
    $changes = [IO.File]::ReadAllText([IO.Path]::Combine($root, 'CHANGELOG.md')) -split '(?m)^## ' -match "^$([regex]::Escape($manifest.Version))\b"
    if (-not $changes) { throw "CHANGELOG.md says nothing of version $($manifest.Version)." }
    $tags = @('PSModule') + $manifest.Tags + $manifest.ExportedCmdlets.Keys.ForEach({ "PSCmdlet_$_" }) + @('PSIncludes_Cmdlet')
    $text = @{}
    @{
        version = $manifest.Version; authors = $manifest.Author; copyright = $manifest.Copyright; description = $manifest.Description; projectUrl = $manifest.ProjectUri
        tags = $tags -join ' '; releaseNotes = ($changes[0] -split '\n', 2)[1].Trim()
    }.GetEnumerator().ForEach({ $text[$_.Key] = [Security.SecurityElement]::Escape($_.Value) })
    @"
<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata>
    <id>V2V</id>
    <version>$($text.version)</version>
    <authors>$($text.authors)</authors>
    <owners>$($text.authors)</owners>
    <requireLicenseAcceptance>false</requireLicenseAcceptance>
    <license type="expression">MIT</license>
    <projectUrl>$($text.projectUrl)</projectUrl>
    <description>$($text.description)</description>
    <releaseNotes>$($text.releaseNotes)</releaseNotes>
    <copyright>$($text.copyright)</copyright>
    <tags>$($text.tags)</tags>
    <readme>README.md</readme>
  </metadata>
  <files>
    <file src="**" />
  </files>
</package>
"@
}

switch ($Task) {
    'Build' { Build-Part V2V.slnx }
    'Test' { Test-Solution }
    'Demo' { Convert-Sample }
    'Package' { New-Package }
}
