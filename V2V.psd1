@{
    ModuleVersion = '0.1.0'
    GUID = '6d0f6d0c-6a0f-4c0e-9b0e-2f5f5f4e7a21'
    CompanyName = 'The V2V developers'
    Author = 'The V2V developers'
    Copyright = '(c) The V2V developers. MIT licence.'
    Description = 'Moves virtual machines from VMware, Xen, Hyper-V, VirtualBox or bare disk images to KVM under libvirt, in process.'
    PowerShellVersion = '7.6'
    CompatiblePSEditions = @('Core')
    # V2V.Loader.dll comes first: it says where the assemblies of the second come from.
    NestedModules = @('module/bin/V2V.Loader.dll', 'module/bin/V2V.PowerShell.dll')
    FormatsToProcess = @('module/V2V.Format.ps1xml')
    TypesToProcess = @('module/V2V.Types.ps1xml')
    FunctionsToExport = @()
    CmdletsToExport = @('Get-V2VSourceGuest', 'Test-V2VGuest', 'Invoke-V2VConversion', 'Export-V2VReport', 'New-V2VProfile', 'Get-V2VProfile', 'Remove-V2VProfile')
    VariablesToExport = @()
    AliasesToExport = @()
    PrivateData = @{
        PSData = @{
            Tags = @('V2V', 'P2V', 'migration', 'virtualization', 'VMware', 'OVA', 'VMDK', 'KVM', 'libvirt', 'qcow2', 'virt-v2v', 'Linux', 'Windows', 'Xen', 'Hyper-V', 'PSEdition_Core')
            LicenseUri = 'https://opensource.org/license/mit'
            ProjectUri = 'https://www.powershellgallery.com/packages/V2V'
            ReleaseNotes = 'CHANGELOG.md, beside this file, says what is new.'
        }
    }
}
