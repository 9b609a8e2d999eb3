using V2V.Engine.Tests;
using V2V.Engine.Tests.Sources.Libvirt;

namespace V2V.PowerShell.Tests.Faults;

/// <summary>A libvirt that goes away while a guest is uploaded to it, or when its domain is to be defined.</summary>
[Trait("Category", "Slow")]
public sealed class LostLibvirtTests : IDisposable
{
    private readonly PrivateLibvirt _libvirt = new();
    private readonly ConversionRuns _runs = new(dataLength: 200 << 20);

    private string Target => $"-Connection {_libvirt.Uri} -StoragePool images -DomainType qemu";

    public void Dispose()
    {
        _libvirt.Dispose();
        _runs.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_lost_libvirt_has_of_a_guest_is_removed_by_the_next_run(bool atDefine)
    {
        ExternalTool.Need("tar", "qemu-img");
        _libvirt.Start();
        using (var process = _runs.Start(Target))
        {
            if (atDefine)
            {
                ConversionRuns.WaitFor(process, ": Define");
            }
            else
            {
                ConversionRuns.WaitForCopy(process, 20);
            }

            _libvirt.Kill();
            var (exitCode, output) = ConversionRuns.End(process);
            Assert.NotEqual(0, exitCode);
            Assert.Contains(_libvirt.Uri, output, StringComparison.Ordinal);
        }

        _libvirt.Start();
        // It may have been defined in the moment in which libvirt went away.
        Next(orIsThere: atDefine);
    }

    [Fact]
    public void What_a_killed_run_has_uploaded_is_removed_by_the_next()
    {
        ExternalTool.Need("tar", "qemu-img");
        _libvirt.Start();
        using (var process = _runs.Start(Target))
        {
            ConversionRuns.WaitForCopy(process, 20);
            ConversionRuns.Signal(process, ConversionRuns.SIGKILL);
            process.WaitForExit();
        }

        Assert.NotEmpty(Directory.EnumerateFiles(_libvirt.Images));
        Next(orIsThere: false);
    }

    [Fact]
    public void A_libvirt_that_was_restarted_during_the_copy_takes_the_domain_all_the_same()
    {
        ExternalTool.Need("tar", "qemu-img");
        _libvirt.Start();
        using var process = _runs.Start($"-Connection '{_libvirt.LocalUri}' -StoragePool images -DomainType qemu");
        ConversionRuns.WaitForCopy(process, 20);
        // The copy takes less time here than a daemon takes to start.
        ConversionRuns.Signal(process, ConversionRuns.SIGSTOP);
        _libvirt.Kill();
        _libvirt.Start();
        ConversionRuns.Signal(process, ConversionRuns.SIGCONT);
        var (exitCode, output) = ConversionRuns.End(process);
        Assert.True(exitCode == 0, output);
        Assert.All(FaultTarget.Disks, disk => Assert.Contains(disk, _libvirt.Virsh("domblklist", ConversionRuns.Guest), StringComparison.Ordinal));
        _runs.AssertNothingBeside();
    }

    [Fact]
    public void A_libvirt_that_stays_away_has_nothing_of_a_guest_that_was_written_beside_it()
    {
        ExternalTool.Need("tar", "qemu-img");
        _libvirt.Start();
        using var process = _runs.Start($"-Connection '{_libvirt.LocalUri}' -StoragePool images -DomainType qemu");
        ConversionRuns.WaitFor(process, ": Copy");
        _libvirt.Kill();
        var (exitCode, output) = ConversionRuns.End(process);
        Assert.NotEqual(0, exitCode);
        Assert.Contains("libvirt", output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_libvirt.Images));
        _runs.AssertNothingBeside();
    }

    private void Next(bool orIsThere)
    {
        var (exitCode, output) = _runs.Run(Target);
        Assert.True(exitCode == 0 || (orIsThere && output.Contains("exists already", StringComparison.Ordinal)), output);
        Assert.Equal(FaultTarget.Disks, Directory.EnumerateFiles(_libvirt.Images).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(Directory.EnumerateFiles(_libvirt.Images), disk => ExternalTool.Check("qemu-img", "check", "-f", "qcow2", disk));
        Assert.All(FaultTarget.Disks, disk => Assert.Contains(disk, _libvirt.Virsh("domblklist", ConversionRuns.Guest), StringComparison.Ordinal));
        _runs.AssertNothingBeside();
    }
}
