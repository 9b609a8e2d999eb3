using System.Text;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>The program that made an initramfs: it decides what happens at boot, and so what has to be added.</summary>
internal enum InitramfsGenerator
{
    Unknown,
    InitramfsTools,
    Dracut,
    Mkinitcpio,
    /// <summary>Alpine's.</summary>
    Mkinitfs,
    /// <summary>SUSE's, up to SLES 11.</summary>
    SuseMkinitrd,
    /// <summary>Red Hat's, up to RHEL 5: a script of insmod commands run by nash.</summary>
    Nash,
    Booster,
}

internal static class InitramfsGenerators
{
    public static InitramfsGenerator Recognise(InitramfsTree tree)
    {
        var init = tree.Find("init") is { Content: { } script } ? Encoding.Latin1.GetString(script) : "";
        return tree switch
        {
            _ when tree.DirectoryExists("lib/dracut") || tree.DirectoryExists("usr/lib/dracut") || tree.FileExists("lib/dracut-lib.sh") =>
                InitramfsGenerator.Dracut,
            _ when tree.FileExists("scripts/functions") && tree.DirectoryExists("conf") => InitramfsGenerator.InitramfsTools,
            // "buildconfig" is in every image of mkinitcpio; the init functions only where there is no systemd.
            _ when tree.FileExists("buildconfig") && tree.FileExists("config") => InitramfsGenerator.Mkinitcpio,
            _ when tree.FileExists("etc/booster.init.yaml") => InitramfsGenerator.Booster,
            _ when tree.FileExists("sbin/nlplug-findfs") || tree.FileExists("usr/sbin/nlplug-findfs") => InitramfsGenerator.Mkinitfs,
            _ when tree.FileExists("mkinitrd.config") || tree.DirectoryExists("config") || tree.FileExists("run_all.sh") => InitramfsGenerator.SuseMkinitrd,
            _ when init.StartsWith("#!/bin/nash", StringComparison.Ordinal) => InitramfsGenerator.Nash,
            _ => InitramfsGenerator.Unknown,
        };
    }

    public static string DisplayName(this InitramfsGenerator generator) => generator switch
    {
        InitramfsGenerator.InitramfsTools => "initramfs-tools",
        InitramfsGenerator.Dracut => "dracut",
        InitramfsGenerator.Mkinitcpio => "mkinitcpio",
        InitramfsGenerator.Mkinitfs => "mkinitfs",
        InitramfsGenerator.SuseMkinitrd => "SUSE's mkinitrd",
        InitramfsGenerator.Nash => "Red Hat's mkinitrd (nash)",
        InitramfsGenerator.Booster => "booster",
        _ => "an unknown program",
    };
}
