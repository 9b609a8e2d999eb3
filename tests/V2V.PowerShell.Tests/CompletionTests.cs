using System.Diagnostics;
using V2V.Engine.Profiles;

namespace V2V.PowerShell.Tests;

[Collection(ProfilesCollection.Name)]
public sealed class CompletionTests : IDisposable
{
    private readonly Session _session = new();

    [Theory]
    [InlineData("Invoke-V2VConversion -Connection ")]
    [InlineData("Test-V2VGuest -Connection ")]
    [InlineData("Get-V2VSourceGuest -Connection ")]
    [InlineData("New-V2VProfile x -Connection ")]
    public void Connections_are_those_of_this_host_and_of_profiles(string line)
    {
        var name = $"completed-{Guid.NewGuid():N}";
        var store = ProfileStore.ForUser();
        store.Save(new ConversionProfile { Name = name, Connection = "qemu+ssh://root@kvm1/system" });
        try
        {
            Assert.Equal(
                ["'qemu:///system'", "'qemu:///session'", "'qemu+ssh://root@kvm1/system'"],
                Complete(line).Where(text => !text.Contains("other", StringComparison.Ordinal)));
            Assert.Equal(["'qemu+ssh://root@kvm1/system'"], Complete($"{line}qemu+s"));
        }
        finally
        {
            store.Remove(name);
        }
    }

    /// <summary>libvirt's own driver for tests has the network and the pool "default", the interface eth1, and needs no daemon.</summary>
    [Theory]
    [InlineData("Invoke-V2VConversion -Connection test:///default -Network ", "default")]
    [InlineData("Test-V2VGuest -Connection test:///default -StoragePool ", "default-pool")]
    [InlineData("New-V2VProfile x -Connection test:///default -Network de", "default")]
    [InlineData("Get-V2VSourceGuest -Connection test:///default -Name ", "test")]
    public void Names_are_asked_of_the_connection(string line, string expected)
    {
        Assert.SkipUnless(HasLibvirt(), "libvirt's library is not on this machine");
        Assert.Equal([expected], Complete(line));
    }

    [Fact]
    public void Bridges_are_those_of_the_host()
    {
        Assert.SkipUnless(HasLibvirt(), "libvirt's library is not on this machine");
        // Its only interface is an Ethernet card.
        Assert.Empty(Complete("Invoke-V2VConversion -Connection test:///default -Bridge "));
    }

    [Fact]
    public void The_connection_of_the_profile_is_asked()
    {
        Assert.SkipUnless(HasLibvirt(), "libvirt's library is not on this machine");
        var name = $"completed-{Guid.NewGuid():N}-other";
        ProfileStore.ForUser().Save(new ConversionProfile { Name = name, Connection = "test:///default" });
        try
        {
            Assert.Equal(["default-pool"], Complete($"Invoke-V2VConversion -Profile {name} -StoragePool "));
        }
        finally
        {
            ProfileStore.ForUser().Remove(name);
        }
    }

    [Theory]
    [InlineData("Invoke-V2VConversion -Connection none:///x -Network ")]
    [InlineData("Invoke-V2VConversion -Connection ] -StoragePool ")]
    [InlineData("Invoke-V2VConversion -Profile none -Bridge ")]
    public void What_cannot_be_asked_has_no_names(string line) => Assert.Empty(Complete(line));

    [Fact]
    public void A_host_that_does_not_answer_keeps_nobody_waiting()
    {
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        var port = ((System.Net.IPEndPoint)silent.LocalEndpoint).Port;
        var watch = Stopwatch.StartNew();
        Assert.Empty(Complete($"Invoke-V2VConversion -Connection qemu+tcp://127.0.0.1:{port}/system -Network "));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), watch.Elapsed.ToString());
    }

    [Fact]
    public void Roots_are_those_of_the_guest()
    {
        var found = Complete($"Test-V2VGuest '{Repository.SampleGuest}' -Root ");
        Assert.Equal(["first", "1"], found.Take(2));
        Assert.Matches("^'UUID=[0-9a-f-]{36}'$", found[2]);
        Assert.Equal(["first"], Complete("Test-V2VGuest /none.vmx -Root "));
    }

    [Theory]
    [InlineData("Invoke-V2VConversion x -Format ", "Qcow2")]
    [InlineData("Invoke-V2VConversion x -DomainType ", "kvm")]
    [InlineData("Invoke-V2VConversion x -AsJ", "-AsJob")]
    [InlineData("Invoke-V2VConversion x -Thr", "-ThrottleLimit")]
    public void Choices_and_parameters_complete(string line, string expected) => Assert.Contains(expected, Complete(line));

    public void Dispose() => _session.Dispose();

    private List<string> Complete(string line) => [.. _session.Run("param($l) (TabExpansion2 $l $l.Length).CompletionMatches | ForEach-Object { $_.CompletionText }", line).Output.Cast<string>()];

    private static bool HasLibvirt() => System.Runtime.InteropServices.NativeLibrary.TryLoad("libvirt.so.0", out _);
}
