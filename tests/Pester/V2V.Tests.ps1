#Requires -Version 7.6
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.0' }

# What only a whole pwsh shows: the Utility module's Format-*, Select-Object and Export-Clixml, jobs, and help. All else is tested in
# tests/V2V.PowerShell.Tests, which needs no pwsh. Build first (./build.ps1), then: Invoke-Pester tests/Pester

BeforeAll {
    $root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    Import-Module "$root/V2V.psd1" -Force
    $sample = "$root/samples/debian12.ova"
    # Text is compared, and profiles are stored: neither by the colours nor among the profiles of who runs this.
    $before = $PSStyle.OutputRendering, $env:XDG_CONFIG_HOME, $env:V2V_MACHINE_PROFILES
    $PSStyle.OutputRendering = 'PlainText'
    $profiles = [IO.Directory]::CreateTempSubdirectory('v2v-pester-').FullName
    $env:XDG_CONFIG_HOME = "$profiles/user"
    $env:V2V_MACHINE_PROFILES = "$profiles/machine"
}

AfterAll {
    $PSStyle.OutputRendering, $env:XDG_CONFIG_HOME, $env:V2V_MACHINE_PROFILES = $before
    Remove-Item $profiles -Recurse
}

Describe 'V2V in pwsh' {
    It 'takes files from Get-ChildItem' {
        (Get-ChildItem "$root/samples" -Filter *.ova | Get-V2VSourceGuest).Path | Should -Contain $sample
    }

    It 'shows a guest as a table and as a list' {
        $guest = Get-V2VSourceGuest $sample
        $guest | Out-String -Width 120 | Should -Match '(?m)^Name +Kind +Hypervisor +State +CPUs +Memory +Disks +Path'
        $guest | Format-List | Out-String | Should -Match '(?m)^NetworkAdapters +: '
        $guest | Format-Wide -Column 1 | Out-String | Should -Match '(?m)^debian12'
    }

    It 'survives Export-Clixml with all that nests' {
        $file = Join-Path $TestDrive 'assessment.xml'
        Test-V2VGuest $sample | Export-Clixml $file
        $restored = Import-Clixml $file
        $restored.Convertible | Should -BeTrue
        $restored.Source.Disks[0].Capacity | Should -BeGreaterThan 0
        $restored.Changes[0].Path | Should -Not -BeNullOrEmpty
    }

    It 'takes guests from tables and stored guests' {
        $table = Join-Path $TestDrive 'fleet.csv'
        [pscustomobject]@{ Path = $sample; Name = 'renamed'; MemoryMiB = 768; Cpu = '' } | Export-Csv $table
        $guest = Import-Csv $table | Get-V2VSourceGuest
        $guest.Name, $guest.MemoryMiB | Should -Be 'renamed', 768
        ($guest | ConvertTo-Json -Depth 6 | ConvertFrom-Json | Get-V2VSourceGuest).Disks.Count | Should -Be $guest.Disks.Count
    }

    It 'runs in a background job' {
        $job = Start-Job { Import-Module $using:root/V2V.psd1; Test-V2VGuest $using:sample }
        ($job | Wait-Job -Timeout 120 | Receive-Job).Convertible | Should -BeTrue
        $job | Remove-Job -Force
    }

    It 'runs in parallel' {
        $results = 1..3 | ForEach-Object -Parallel {
            Import-Module $using:root/V2V.psd1
            Invoke-V2VConversion $using:sample -OutputDirectory "$using:TestDrive/$_"
        }
        $results.Count | Should -Be 3
    }

    It 'completes the commands and their parameters' {
        (TabExpansion2 'Invoke-V2VConv').CompletionMatches.CompletionText | Should -Contain 'Invoke-V2VConversion'
        (TabExpansion2 'Invoke-V2VConversion -OutputD').CompletionMatches.CompletionText | Should -Contain '-OutputDirectory'
    }

    # Windows has its folder of settings elsewhere, whatever the variable says.
    It 'takes settings from a profile and says so' -Skip:$IsWindows {
        New-V2VProfile lab -OutputDirectory "$TestDrive/lab" -Format Raw | Out-Null
        New-V2VProfile site -Scope AllUsers -StoragePool san -MacMap @{ '00:50:56:aa:bb:cc' = 'bridge:br1' } | Out-Null
        (Get-V2VProfile).Name | Should -Be 'lab', 'site'
        (TabExpansion2 'Get-V2VProfile s').CompletionMatches.CompletionText | Should -Be 'site'
        (Invoke-V2VConversion $sample -Profile lab).Settings.Where({ $_.Name -eq 'Format' }).Origin | Should -Be 'Profile'
        Get-V2VProfile | Remove-V2VProfile
        Get-V2VProfile | Should -BeNullOrEmpty
    }

    It 'takes over a configuration of virt-v2v' -Skip:$IsWindows {
        $file = Join-Path $TestDrive 'virt-v2v.conf'
        Set-Content $file '<virt-v2v><profile name="old"><method>libvirt</method><storage format="raw">vms</storage></profile></virt-v2v>'
        (New-V2VProfile -FromVirtV2VConfig $file).TargetDescription | Should -Be 'pool vms at qemu:///system'
        (Get-V2VProfile old).Format | Should -Be 'Raw'
    }

    It 'has help for every command and parameter' {
        foreach ($command in Get-Command -Module V2V) {
            $help = Get-Help $command.Name -Full
            $help.Synopsis | Should -Not -BeNullOrEmpty
            @($help.examples.example).Count | Should -BeGreaterOrEqual 3
            foreach ($parameter in $help.parameters.parameter) {
                $parameter.description.Text | Should -Not -BeNullOrEmpty -Because "$($command.Name) -$($parameter.name) needs a text"
            }
        }
    }

    It 'reports on what was stored, errors included' {
        $results = Invoke-V2VConversion $sample -OutputDirectory "$TestDrive/reported"
        $failed = Get-V2VSourceGuest "$TestDrive/nosuch.vmx" 2>&1
        @($results) + $failed | Export-Clixml "$TestDrive/run.xml"
        Import-Clixml "$TestDrive/run.xml" | Export-V2VReport "$TestDrive/run.html" -Title 'Last night'
        $page = Get-Content "$TestDrive/run.html" -Raw
        $page | Should -Match 'Last night'
        $page | Should -Match 'SourceNotFound'
        $page | Should -Not -Match '(?i)<script|src='
    }

    It 'keeps its libraries to itself' {
        [Runtime.Loader.AssemblyLoadContext]::GetLoadContext((Get-V2VSourceGuest $sample).GetType().Assembly).Name | Should -Be 'V2V'
        { Get-V2VSourceGuest "$TestDrive/nosuch.vmx" -ErrorAction Stop } | Should -Throw -ExceptionType ([V2V.Engine.V2VException])
    }

    It 'tells a scheduler by its exit code whether all went well' {
        $script = "Import-Module $root/V2V.psd1; Get-V2VSourceGuest '$TestDrive/nosuch.vmx' -ErrorVariable failed; exit [int](`$failed.Count -gt 0)"
        pwsh -NoProfile -NonInteractive -Command $script 2>&1 | Out-Null
        $LASTEXITCODE | Should -Be 1
    }
}
