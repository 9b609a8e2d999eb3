namespace V2V.Engine.Tests.Disks;

/// <summary>QEMU's image tools: they make the images that are read here, and judge the ones that were put together by hand.</summary>
internal static class QemuImg
{
    public static void Require() => ExternalTool.Need("qemu-img", "qemu-io");

    public static string Run(params string[] arguments) => ExternalTool.Check("qemu-img", arguments);

    /// <summary>Runs qemu-io commands such as "write -P 17 64k 4k" on an image.</summary>
    public static void Io(string format, string image, params string[] commands) =>
        ExternalTool.Check("qemu-io", ["-f", format, .. commands.SelectMany(c => new[] { "-c", c }), image]);
}
