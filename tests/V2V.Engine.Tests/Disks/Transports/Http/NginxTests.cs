using System.Net;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Http;

/// <summary>A server of other people's, with all that is usual: encryption, passwords, ranges, entity tags, connections that it closes.</summary>
public sealed class NginxTests : IDisposable
{
    private static readonly RemoteAccess s_access = new() { SkipCertificateCheck = true, Credential = new NetworkCredential("me", "secret") };

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_image_of_several_files_is_read_from_nginx()
    {
        QemuImg.Require();
        ExternalTool.Need("nginx");
        string raw = _folder.Write("disk.raw", SampleDisk());
        Directory.CreateDirectory(_folder["www"]);
        QemuImg.Run("convert", "-O", "vmdk", "-o", "subformat=twoGbMaxExtentSparse", raw, _folder["www/my disk.vmdk"]);
        TestCertificate.Write(_folder);
        int port = ExternalServer.FreePort();
        using ExternalServer server = ExternalServer.Start(() => ExternalServer.Answers(port), "nginx", "-p", _folder.Path, "-c", _folder.Write("nginx.conf", Configuration(port)));

        string uri = $"https://localhost:{port}/my%20disk.vmdk";
        using (BlockDevice disk = DiskImages.Open(Open(uri)))
        {
            byte[] read = new byte[disk.Length];
            disk.Read(0, read);
            Assert.True(read.AsSpan().SequenceEqual(File.ReadAllBytes(raw)));
        }

        var missing = Assert.Throws<DiskImageException>(() => Open($"https://localhost:{port}/other.vmdk"));
        Assert.Equal(V2VError.DiskImageNotFound, missing.Error);
        var stranger = Assert.Throws<DiskImageException>(() => Open(uri, s_access with { Credential = null }));
        Assert.Equal(V2VError.AuthenticationFailed, stranger.Error);

        string extent = _folder["www/my disk-s001.vmdk"];
        using DiskFile changing = Open(uri.Replace(".vmdk", "-s001.vmdk", StringComparison.Ordinal));
        changing.Read(0, new byte[512]);
        File.SetLastWriteTimeUtc(extent, DateTime.UtcNow.AddHours(-1));
        var changed = Assert.Throws<DiskImageException>(() => changing.Read(1 << 20, new byte[512]));
        Assert.Contains("no longer", changed.Message, StringComparison.Ordinal);
    }

    private static DiskFile Open(string uri, RemoteAccess? access = null) => RemoteFiles.Locate(uri, access ?? s_access).Open();

    private static byte[] SampleDisk()
    {
        byte[] content = new byte[24 << 20];
        new Random(5).NextBytes(content.AsSpan(3 << 20, 9 << 20));
        new Random(6).NextBytes(content.AsSpan(content.Length - (1 << 20)));
        return content;
    }

    private string Configuration(int port)
    {
        _folder.Write("users", "me:{PLAIN}secret\n");
        return $$"""
            daemon off;
            master_process off;
            pid {{_folder["nginx.pid"]}};
            error_log stderr;
            events { }
            http {
              access_log off;
              client_body_temp_path {{_folder["temp"]}};
              proxy_temp_path {{_folder["temp"]}};
              fastcgi_temp_path {{_folder["temp"]}};
              uwsgi_temp_path {{_folder["temp"]}};
              scgi_temp_path {{_folder["temp"]}};
              keepalive_requests 5;
              server {
                listen 127.0.0.1:{{port}} ssl;
                ssl_certificate {{_folder["server-cert.pem"]}};
                ssl_certificate_key {{_folder["server-key.pem"]}};
                root {{_folder["www"]}};
                auth_basic "V2V";
                auth_basic_user_file {{_folder["users"]}};
              }
            }
            """;
    }
}
