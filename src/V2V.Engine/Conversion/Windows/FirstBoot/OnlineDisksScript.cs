namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Brings data disks online that Windows left offline, when a drive that the guest had is missing. Diskpart is in every Windows, and these of its
/// commands are since Vista; they do nothing to a disk that is online and writable.
/// </summary>
internal static class OnlineDisksScript
{
    /// <param name="letters">The drives of the data disks.</param>
    /// <param name="disks">Number of the guest's disks.</param>
    public static FirstBootScript Create(IEnumerable<char> letters, int disks) => new(
        FirstBootPriorities.OnlineDisks, "online-disks", FirstBootScriptKind.Batch,
        Batch.File(
            $"""
            set "commands=%V2V_FIRSTBOOT%\diskpart.txt"
            set tries=6
            :look
            set "missing="
            for %%d in ({string.Join(' ', letters)}) do if not exist %%d:\ set "missing=%%d"
            if not defined missing exit /b 0
            set /a tries-=1
            if %tries% leq 0 goto failed
            echo Drive %missing%: is missing.
            for /l %%n in (0,1,{disks - 1}) do call :online %%n
            {Batch.Sleep(5)}
            goto look
            :failed
            echo Drive %missing%: is still missing. Look at the disks with diskmgmt.msc.
            exit /b 1

            :online
            >"%commands%" echo select disk %1
            >>"%commands%" echo attributes disk clear readonly noerr
            >>"%commands%" echo online disk noerr
            >>"%commands%" echo attributes disk clear readonly noerr
            "%SystemRoot%\System32\diskpart.exe" /s "%commands%"
            del "%commands%"
            goto :eof
            """))
    { Limit = TimeSpan.FromMinutes(10) };
}
