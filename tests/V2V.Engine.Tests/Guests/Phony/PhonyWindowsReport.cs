using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Tests.Guests.Phony;

/// <summary>What was found of a phony Windows, as text that a reader can check.</summary>
internal static class PhonyWindowsReport
{
    public static string Facts(OperatingSystemInfo system, WindowsSystem windows)
    {
        IEnumerable<string> lines =
        [
            $"release: {system.Release}, build {windows.BuildNumber}, {windows.InstallationType}{(windows.Edition.Length > 0 ? $", {windows.Edition}" : "")}{(windows.IsServer ? ", a server" : "")}",
            $"system root: {windows.SystemRoot}, {windows.ControlSet}{(windows.OtherControlSet is { } other ? $" (next start: {other})" : "")}, {(windows.HasDriverDatabase ? "driver database" : "critical device database")}",
            $"clock: {(windows.ClockIsLocalTime ? "local time" : "UTC")}",
            .. windows.Drives.Select(d => $"drive: {d.Letter}: {d.Volume.Volume.DisplayName}"),
            .. windows.Applications.Select(a =>
                $"application: {a}{(a.Publisher is { } publisher ? $" by {publisher}" : "")}{(a.Is32Bit ? ", 32 bits" : "")}{(a.IsWindowsInstaller ? ", Windows Installer" : "")}, {a.KeyPath}, {a.QuietUninstallString ?? a.UninstallString ?? "no uninstaller"}"),
            .. windows.Adapters.Select(Describe),
        ];
        return string.Concat(lines.Select(line => line + '\n'));
    }

    private static string Describe(WindowsAdapter adapter)
    {
        IEnumerable<string> configuration =
        [
            adapter.IsDhcp ? "DHCP" : "static",
            .. adapter.IPv4.Concat(adapter.IPv6).Select(a => $"{a.Address}/{a.PrefixLength}"),
            .. adapter.Gateways.Select(g => $"gateway {g}"),
            .. adapter.NameServers.Select(s => $"name server {s}"),
            .. adapter.DnsSuffix is { } suffix ? [$"suffix {suffix}"] : Array.Empty<string>(),
        ];
        return $"adapter: {adapter} ({adapter.DriverDescription ?? "unknown driver"}{(adapter.IsPhysical ? "" : ", software")}), {adapter.MacAddress ?? "no address"}, "
            + $"{(adapter.SourceIndex is { } index ? $"adapter {index + 1} of the source" : "not in the source")}: {string.Join(", ", configuration)}";
    }
}
