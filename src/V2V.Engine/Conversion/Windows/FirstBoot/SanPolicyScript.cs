namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>Puts back what decides whether new disks are brought online, after the guest's own disks were.</summary>
internal static class SanPolicyScript
{
    /// <param name="policy">What it was; null when it was not set.</param>
    public static FirstBootScript Create(uint? policy)
    {
        const string Value = "\"HKLM\\SYSTEM\\CurrentControlSet\\Services\\partmgr\\Parameters\" /v SanPolicy";
        return new FirstBootScript(
            FirstBootPriorities.RestoreSanPolicy, "restore-san-policy", FirstBootScriptKind.Batch,
            Batch.File(
                policy is { } value ? $"reg add {Value} /t REG_DWORD /d {value} /f" : $"reg query {Value} >nul 2>&1\nif errorlevel 1 exit /b 0\nreg delete {Value} /f",
                "exit /b %errorlevel%"));
    }
}
