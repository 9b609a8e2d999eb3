using System.Globalization;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Gives the new adapter what was set by hand on the old one. To Windows it is another device, which starts with DHCP; the old one stays as a
/// device that is not connected, with its addresses.
/// <para>
/// The new adapter is found by its MAC address in the list of interfaces that "route print" begins with: it is in every Windows and no language
/// changes it, whereas wmic is gone from the newest, PowerShell's NetAdapter commands came with 8 and 2012, and ipconfig speaks the guest's
/// language. Its number there is the index that netsh takes for a name since Vista. XP and 2003 take names only, which getmac lists.
/// </para>
/// </summary>
internal static class AddressScript
{
    private const string Interfaces = @"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces";

    /// <param name="adapter">What to set, and where.</param>
    /// <param name="number">One-based, for the script's name.</param>
    /// <param name="version">Windows NT's version: 6.1.</param>
    public static FirstBootScript Create(AdapterAddresses adapter, int number, Version version) => new(
        FirstBootPriorities.StaticAddresses, $"addresses-of-adapter-{number}", FirstBootScriptKind.Batch, Batch.File(Lines(adapter, version)))
    { Limit = TimeSpan.FromMinutes(15) };

    private static IEnumerable<string> Lines(AdapterAddresses adapter, Version version)
    {
        yield return $"echo {Batch.Plain($"{adapter.Name}: {adapter.MacAddress}")}";
        yield return Find(adapter.MacAddress, version);
        var commands = version.Major >= 6 ? Commands(adapter, validates: version >= new Version(6, 1)) : Commands5(adapter);
        foreach (var command in commands)
        {
            yield return command;
        }

        if (adapter.IPv4.Count > 0)
        {
            yield return RetireOldAdapter(adapter);
        }

        yield return
            """
            exit /b %failed%

            :netsh
            echo netsh %*
            "%SystemRoot%\System32\netsh.exe" %*
            if errorlevel 1 set failed=1
            goto :eof
            """;
        if (adapter.IPv4.Count > 0)
        {
            yield return Claims(adapter);
        }
    }

    /// <summary>Waits five minutes for the adapter, whose driver may just be on its way; one restart may bring it, too.</summary>
    private static string Find(string macAddress, Version version)
    {
        // "11...52 54 00 12 34 56 ......Red Hat VirtIO Ethernet Adapter"; "Local Area Connection","Red Hat ...","52-54-00-12-34-56","\Device\Tcpip_{...}"
        var find = version.Major >= 6
            ? $"for /f \"tokens=1-7 delims=. \" %%i in ('%SystemRoot%\\System32\\route.exe print') do if /i \"%%j:%%k:%%l:%%m:%%n:%%o\"==\"{macAddress}\" set \"adapter=%%i\""
            : "for /f \"tokens=1-3 delims=,\" %%i in ('%SystemRoot%\\System32\\getmac.exe /v /fo csv /nh') do "
                + $"if /i \"%%~k\"==\"{macAddress.Replace(':', '-')}\" set \"adapter=%%~i\"";
        return
            $"""
            set failed=0
            set tries=60
            :find
            set "adapter="
            {find}
            if defined adapter goto found
            set /a tries-=1
            if %tries% leq 0 goto missing
            {Batch.Sleep(5)}
            goto find
            :missing
            echo There is no adapter with this address.
            if "%V2V_RETRIES_LEFT%"=="0" exit /b 1
            if exist "%~f0.again" exit /b 1
            echo again>"%~f0.again"
            exit /b {FirstBootRunner.RetryAfterRestart}
            :found
            """;
    }

    private static IEnumerable<string> Commands(AdapterAddresses adapter, bool validates)
    {
        // Windows 7 and later would ask each name server first, and take half a minute for one that does not answer.
        var validate = validates ? " validate=no" : "";
        foreach (var (address, i) in adapter.IPv4.Select((a, i) => (a, i)))
        {
            var gateway = i > 0 ? "" : $" gateway={adapter.IPv4Gateways.FirstOrDefault("none")}";
            var verb = i == 0 ? "set address name=%adapter% source=static" : "add address name=%adapter%";
            yield return $"call :netsh interface ipv4 {verb} address={address.Address} mask={AdapterAddresses.Mask(address.PrefixLength)}{gateway}";
        }

        foreach (var (gateway, i) in adapter.IPv4Gateways.Skip(1).Select((g, i) => (g, i)).Where(_ => adapter.IPv4.Count > 0))
        {
            yield return $"call :netsh interface ipv4 add address name=%adapter% gateway={gateway} gwmetric={(i + 2) * 256}";
        }

        foreach (var address in adapter.IPv6)
        {
            yield return Quietly($"interface ipv6 delete address interface=%adapter% address={address.Address}");
            yield return $"call :netsh interface ipv6 add address interface=%adapter% address={address.Address}/{address.PrefixLength}";
        }

        foreach (var gateway in adapter.IPv6Gateways)
        {
            yield return Quietly($"interface ipv6 delete route prefix=::/0 interface=%adapter% nexthop={gateway}");
            yield return $"call :netsh interface ipv6 add route prefix=::/0 interface=%adapter% nexthop={gateway}";
        }

        foreach (var command in NameServers("interface ipv4", "dnsserver name=%adapter%", "address", adapter.IPv4NameServers, validate)
            .Concat(NameServers("interface ipv6", "dnsserver name=%adapter%", "address", adapter.IPv6NameServers, validate)))
        {
            yield return command;
        }
    }

    /// <summary>XP and 2003 have IPv4 only, unless somebody installed the other.</summary>
    private static IEnumerable<string> Commands5(AdapterAddresses adapter)
    {
        foreach (var (address, i) in adapter.IPv4.Select((a, i) => (a, i)))
        {
            var gateway = i > 0 ? "" : adapter.IPv4Gateways.Count == 0 ? " gateway=none" : $" gateway={adapter.IPv4Gateways[0]} gwmetric=1";
            var verb = i == 0 ? "set address name=\"%adapter%\" source=static" : "add address name=\"%adapter%\"";
            yield return $"call :netsh interface ip {verb} addr={address.Address} mask={AdapterAddresses.Mask(address.PrefixLength)}{gateway}";
        }

        foreach (var (gateway, i) in adapter.IPv4Gateways.Skip(1).Select((g, i) => (g, i)).Where(_ => adapter.IPv4.Count > 0))
        {
            yield return $"call :netsh interface ip add address name=\"%adapter%\" gateway={gateway} gwmetric={i + 2}";
        }

        foreach (var command in NameServers("interface ip", "dns name=\"%adapter%\"", "addr", adapter.IPv4NameServers, ""))
        {
            yield return command;
        }
    }

    private static List<string> NameServers(string context, string target, string tag, IReadOnlyList<string> servers, string validate) =>
        [.. servers.Select((server, i) => i == 0
            ? $"call :netsh {context} set {target} source=static {tag}={server}{validate}"
            : string.Create(CultureInfo.InvariantCulture, $"call :netsh {context} add {target} {tag}={server} index={i + 1}{validate}"))];

    /// <summary>What a former try of this script left would make the next command fail.</summary>
    private static string Quietly(string command) => $"\"%SystemRoot%\\System32\\netsh.exe\" {command} >nul 2>&1";

    /// <summary>
    /// The interface that has the address now, besides the old one, is the new adapter. Only then does the old one lose its addresses, which Windows
    /// would complain about in its dialogs and which would be there twice if the device came back.
    /// </summary>
    private static string RetireOldAdapter(AdapterAddresses adapter)
    {
        var suffix = adapter.DnsSuffix is { } text ? $"\nreg add \"%interfaces%\\%new%\" /v Domain /t REG_SZ /d \"{text}\" /f" : "";
        return
            $$"""
            if not %failed%==0 exit /b %failed%
            set "interfaces={{Interfaces}}"
            set "new="
            for /f "tokens=*" %%k in ('reg query "%interfaces%"') do call :claims "%%k"
            if not defined new exit /b 0{{suffix}}
            reg query "%interfaces%\{{adapter.OldGuid}}" >nul 2>&1
            if errorlevel 1 exit /b 0
            reg add "%interfaces%\{{adapter.OldGuid}}" /v EnableDHCP /t REG_DWORD /d 1 /f
            for %%v in (IPAddress SubnetMask DefaultGateway DefaultGatewayMetric NameServer) do reg delete "%interfaces%\{{adapter.OldGuid}}" /v %%v /f
            """;
    }

    /// <summary>reg writes the strings of a list one behind the other with "\0" between them.</summary>
    private static string Claims(AdapterAddresses adapter) =>
        $"""

        :claims
        if /i "%~nx1"=="{adapter.OldGuid}" goto :eof
        set "list="
        for /f "tokens=3" %%a in ('reg query "%~1" /v IPAddress 2^>nul') do set "list=\0%%a\0"
        if not defined list goto :eof
        if not "%list:\0{adapter.IPv4[0].Address}\0=%"=="%list%" set "new=%~nx1"
        goto :eof
        """;
}
