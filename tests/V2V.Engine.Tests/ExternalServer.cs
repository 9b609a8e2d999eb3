using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
#pragma warning disable IDE0005 // The other tests, which have this file too, use it everywhere.
using Xunit;
#pragma warning restore IDE0005

namespace V2V.Engine.Tests;

/// <summary>A server of other people's that runs as long as the test needs it. A missing program skips the test with its name.</summary>
internal sealed class ExternalServer : IDisposable
{
    private readonly Process _process;

    private ExternalServer(Process process) => _process = process;

    /// <summary>Starts a program in the foreground and waits until it serves.</summary>
    /// <param name="isReady">Asked until it says yes.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    public static ExternalServer Start(Func<bool> isReady, string program, params string[] arguments)
    {
        ExternalTool.Need(program);
        var start = new ProcessStartInfo(ExternalTool.Find(program)!, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["LC_ALL"] = "C";
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var errors = process.StandardError.ReadToEndAsync();
        for (var watch = Stopwatch.StartNew(); !isReady(); Thread.Sleep(20))
        {
            if (process.HasExited || watch.Elapsed > Watchdog.Limit)
            {
                process.Kill();
                Assert.Fail($"{program} {string.Join(' ', arguments)} does not serve: {errors.GetAwaiter().GetResult()}");
            }
        }

        return new ExternalServer(process);
    }

    /// <summary>A port of this host that nobody listens at.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Whether somebody listens at a port of this host.</summary>
    public static bool Answers(int port)
    {
        using var client = new TcpClient();
        try
        {
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
