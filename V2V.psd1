@{
    ModuleVersion = '0.1.0'
    GUID = '6d0f6d0c-6a0f-4c0e-9b0e-2f5f5f4e7a21'
    Author = 'The V2V developers'
    Copyright = '(c) The V2V developers. MIT licence.'
    Description = 'Moves virtual machines from VMware, Xen, Hyper-V, VirtualBox or bare disk images to KVM under libvirt, in process.'
    PowerShellVersion = '7.6'
    CompatiblePSEditions = @('Core')
    NestedModules = @('module/bin/V2V.PowerShell.dll')
    FunctionsToExport = @()
    CmdletsToExport = @('Get-V2VSourceGuest', 'Test-V2VGuest', 'Invoke-V2VConversion', 'New-V2VProfile')
    VariablesToExport = @()
    AliasesToExport = @()
}
