namespace V2V.Engine.Tests.Targets.Images;

internal static class QemuJudge
{
    /// <summary>Fails unless QEMU finds the qcow2 image without an error, without a leaked cluster, and equal to the raw image.</summary>
    public static void AssertImage(string qcow2, string raw)
    {
        ExternalTool.Check("qemu-img", "check", "-f", "qcow2", qcow2);
        ExternalTool.Check("qemu-img", "compare", "-f", "raw", "-F", "qcow2", raw, qcow2);
    }
}
