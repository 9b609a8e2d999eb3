using Xunit;

namespace V2V.Engine.Tests.Disks;

/// <summary>libvhdi reads VHD and VHDX, chains of differencing disks among them, with code of its own.</summary>
internal static class LibVhdi
{
    private const string Python = "/usr/bin/python3";

    private const string Read = """
        import pyvhdi, sys
        # All of them are kept: an image does not hold on to its parent.
        chain = []
        for path in sys.argv[2:]:
            image = pyvhdi.file()
            image.open(path)
            if chain:
                image.set_parent(chain[-1])
            chain.append(image)
        disk = chain[-1]
        with open(sys.argv[1], "wb") as out:
            for offset in range(0, disk.get_media_size(), 1 << 20):
                out.write(disk.read_buffer_at_offset(min(1 << 20, disk.get_media_size() - offset), offset))
        """;

    /// <summary>The disk in the last image of a chain.</summary>
    /// <param name="folder">Takes a copy of it.</param>
    /// <param name="images">The chain, the base first.</param>
    public static byte[] ReadDisk(TestFolder folder, params string[] images)
    {
        Assert.SkipUnless(ExternalTool.Run(Python, "-c", "import pyvhdi").ExitCode == 0, "needs python3-libvhdi");
        ExternalTool.Check(Python, ["-c", Read, folder["libvhdi.raw"], .. images]);
        return File.ReadAllBytes(folder["libvhdi.raw"]);
    }
}
