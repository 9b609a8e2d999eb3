using System.Diagnostics;

namespace V2V.Benchmarks;

/// <summary>A copy that is not right is not fast: qemu-img says whether it is.</summary>
internal static class Judge
{
    public static void Check(Contender contender)
    {
        if (contender.EqualTo is { } source)
        {
            QemuImg(contender, "compare", source, contender.Output);
        }

        string[] images = contender.OutputIsFolder ? Directory.GetFiles(contender.Output, "*.qcow2", SearchOption.AllDirectories) : [contender.Output];
        foreach (var image in images.Where(IsQcow2))
        {
            QemuImg(contender, "check", image);
        }
    }

    private static bool IsQcow2(string path)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        Span<byte> magic = stackalloc byte[4];
        using var file = File.OpenHandle(path);
        return RandomAccess.Read(file, magic, 0) == magic.Length && magic.SequenceEqual<byte>([(byte)'Q', (byte)'F', (byte)'I', 0xFB]);
    }

    private static void QemuImg(Contender contender, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("qemu-img", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"{contender.Name}: qemu-img {string.Join(' ', arguments)} ends with {process.ExitCode}: {output}{error.GetAwaiter().GetResult()}");
        }
    }
}
