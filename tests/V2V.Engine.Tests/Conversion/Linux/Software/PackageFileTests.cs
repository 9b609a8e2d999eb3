using V2V.Engine.Conversion.Linux.Software;
using V2V.Engine.Conversion.Software;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux.Software;

public sealed class PackageFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-packages-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("rpm")]
    [InlineData("deb")]
    public void Packages_of_real_tools_are_whole_and_cut_off_they_are_not(string format)
    {
        var path = format == "rpm" ? BuildRpm() : BuildDeb();
        Assert.Equal(new FileInfo(path).Length, Check(path, format).Length);

        var whole = File.ReadAllBytes(path);
        foreach (var length in (int[])[whole.Length - 1, whole.Length / 2, 120, 20, 0])
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Equal(V2VError.SoftwareInvalid, Assert.Throws<ConversionException>(() => Check(path, format)).Error);
            // Its own tool does not take it either.
            Assert.NotEqual(0, (format == "rpm" ? ExternalTool.Run("rpm", "-K", "--nosignature", path) : ExternalTool.Run("dpkg-deb", "--extract", path, Path.Combine(_folder, "x"))).ExitCode);
        }
    }

    [Theory]
    [InlineData("a.rpm", "deb", "no Debian package")]
    [InlineData("a.deb", "rpm", "no RPM package")]
    [InlineData("missing.rpm", "rpm", "missing.rpm")]
    [InlineData("folder.rpm", "rpm", "it is a folder")]
    [InlineData("source.rpm", "rpm", "source package")]
    [InlineData("a b.rpm", "rpm", "its name has characters")]
    [InlineData("$(x).rpm", "rpm", "its name has characters")]
    public void What_the_guest_could_not_install_is_refused_by_name(string name, string format, string fault)
    {
        TestPackages.Write(_folder, ["a.rpm", "a.deb", "a b.rpm", "$(x).rpm"]);
        Directory.CreateDirectory(Path.Combine(_folder, "folder.rpm"));
        File.WriteAllBytes(Path.Combine(_folder, "source.rpm"), TestPackages.Rpm("s", type: 1));

        var path = Path.Combine(_folder, name);
        var refusal = Assert.Throws<ConversionException>(() => Check(path, format));
        Assert.Equal((V2VError.SoftwareInvalid, path), (refusal.Error, refusal.Path));
        Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(fault, refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>No byte of the part that is looked at makes it fail otherwise.</summary>
    [Theory]
    [InlineData("a.rpm", "rpm", 132)]
    [InlineData("a.deb", "deb", 200)]
    public void A_damaged_package_is_refused_or_taken_and_nothing_else(string name, string format, int length)
    {
        TestPackages.Write(_folder, [name]);
        var path = Path.Combine(_folder, name);
        var whole = File.ReadAllBytes(path);
        for (var i = 0; i < Math.Min(length, whole.Length); i++)
        {
            foreach (var value in (byte[])[0, 0x7F, 0xFF])
            {
                var damaged = whole.ToArray();
                damaged[i] = value;
                File.WriteAllBytes(path, damaged);
                try
                {
                    Check(path, format);
                }
                catch (ConversionException e)
                {
                    Assert.Equal(V2VError.SoftwareInvalid, e.Error);
                }
            }
        }
    }

    private static PackageFile Check(string path, string format) => PackageFile.Check(new SoftwarePackage("a", Path.GetFileName(path), path), format);

    private string BuildRpm()
    {
        var spec = Path.Combine(_folder, "tiny.spec");
        File.WriteAllText(
            spec, "Name: tiny\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\nBuildArch: noarch\n%description\nd\n%install\nmkdir -p %{buildroot}/etc\necho x >%{buildroot}/etc/tiny\n%files\n/etc/tiny\n");
        ExternalTool.Check("rpmbuild", "-bb", "--define", $"_topdir {_folder}/rpmbuild", spec);
        var path = Path.Combine(_folder, "tiny-1-1.noarch.rpm");
        File.Move(Path.Combine(_folder, "rpmbuild/RPMS/noarch/tiny-1-1.noarch.rpm"), path);
        Assert.Equal("tiny", ExternalTool.Check("rpm", "-qp", "--queryformat", "%{NAME}", path).Trim());
        return path;
    }

    private string BuildDeb()
    {
        var tree = Directory.CreateDirectory(Path.Combine(_folder, "tiny/DEBIAN")).FullName;
        File.WriteAllText(Path.Combine(tree, "control"), "Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: t <t@example.com>\nDescription: d\n");
        var path = Path.Combine(_folder, "tiny_1_all.deb");
        ExternalTool.Check("dpkg-deb", "--root-owner-group", "--build", Path.Combine(_folder, "tiny"), path);
        return path;
    }
}
