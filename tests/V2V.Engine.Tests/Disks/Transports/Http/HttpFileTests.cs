using System.Net;
using System.Security.Cryptography;
using System.Text;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Http;

public sealed class HttpFileTests
{
    private const string Tag = "ETag: \"one\"";

    private static readonly RemoteAccess s_access = new() { SkipCertificateCheck = true };
    private static readonly byte[] s_content = Content(1, (5 << 20) + 321);

    [Fact]
    public void A_file_is_read_by_ranges_over_HTTPS()
    {
        using var server = new HttpTestServer(r => HttpTestAnswer.Part(s_content, r, Tag), TestCertificate.Create());
        using (DiskFile file = Open(server.Uri + "/images/disk.raw"))
        {
            Assert.Equal((s_content.Length, "disk.raw"), (file.Length, file.Name));
            Assert.Equal(server.Uri + "/images/disk.raw", file.Path);
            CheckContent(file);
        }

        Assert.All(server.Requests, r => Assert.Equal(("GET", "/images/disk.raw"), (r.Method, r.Target)));
        Assert.All(server.Requests.Skip(1), r => Assert.Equal("\"one\"", r.Headers["If-Range"]));
        Assert.Equal(s_content.Length, server.Requests.Skip(1).Sum(r => r.Last - r.First + 1));
    }

    [Fact]
    public void A_certificate_that_nobody_vouches_for_is_refused_unless_told_otherwise()
    {
        using var server = new HttpTestServer(r => HttpTestAnswer.Part(s_content, r), TestCertificate.Create());
        var error = Assert.Throws<DiskImageException>(() => Open(server.Uri + "/disk.raw", s_access with { SkipCertificateCheck = false }));
        Assert.Equal(V2VError.AuthenticationFailed, error.Error);
        Assert.Contains("certificate", error.Message, StringComparison.Ordinal);
        Assert.Contains("skip the check", error.Advice, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("reset", false)]
    [InlineData("close", false)]
    [InlineData("stall", false)]
    [InlineData("stall", true)]
    public void After_a_broken_connection_only_the_missing_bytes_are_asked_for(string how, bool isEncrypted)
    {
        int count = 0;
        using var server = new HttpTestServer(
            r =>
            {
                HttpTestAnswer answer = HttpTestAnswer.Part(s_content, r, Tag);
                int half = answer.Body.Length / 2;
                return (r.Last == 0 || Interlocked.Increment(ref count) % 3 == 0 ? "" : how) switch
                {
                    "reset" => answer with { ResetAfter = half },
                    "close" => answer with { CloseAfter = half },
                    "stall" => answer with { StallAfter = half },
                    _ => answer,
                };
            },
            isEncrypted ? TestCertificate.Create() : null);
        using DiskFile file = Open(server.Uri + "/disk.raw", how == "stall" ? s_access with { Timeout = TimeSpan.FromSeconds(1) } : s_access);
        CheckContent(file);
        // Every second half once more, of some that half's second half again. A reset takes with it what was under way.
        Assert.InRange(server.Requests.Skip(1).Sum(r => r.Last - r.First + 1), s_content.Length + 1, (how == "close" ? 2 : 3) * s_content.Length);
    }

    [Fact]
    public void An_answer_that_is_always_cut_short_is_given_up_with_the_place()
    {
        using var server = new HttpTestServer(r => HttpTestAnswer.Part(s_content, r, Tag) with { CloseAfter = r.Last == 0 ? null : (int)Math.Min(100, 65636 - r.First) });
        using DiskFile file = Open(server.Uri + "/disk.raw", s_access with { Timeout = TimeSpan.FromMilliseconds(500) });
        var error = Assert.Throws<DiskImageException>(() => file.Read(65600, new byte[10]));
        // The block begins at 65536. The first attempt gets 100 bytes of it, the others nothing.
        Assert.Equal((V2VError.DiskImageReadFailed, 65636), (error.Error, error.Offset));
        Assert.Equal(1 + 8, server.Requests.Count);
    }

    [Fact]
    public void A_server_that_answers_overload_is_asked_again()
    {
        int count = 0;
        using var server = new HttpTestServer(r => Interlocked.Increment(ref count) % 3 != 0 ? HttpTestAnswer.Error("503 Service Unavailable") : HttpTestAnswer.Part(s_content, r));
        using DiskFile file = Open(server.Uri + "/disk.raw");
        byte[] buffer = new byte[100];
        file.Read(1000, buffer);
        Assert.Equal(s_content[1000..1100], buffer);
    }

    [Theory]
    [InlineData("404 Not Found", V2VError.DiskImageNotFound)]
    [InlineData("401 Unauthorized", V2VError.AuthenticationFailed)]
    [InlineData("403 Forbidden", V2VError.AuthenticationFailed)]
    [InlineData("418 I'm a teapot", V2VError.DiskImageReadFailed)]
    [InlineData("301 Moved", V2VError.DiskImageUnsupported)]
    public void Refusals_are_told_apart(string status, V2VError expected)
    {
        using var server = new HttpTestServer(_ => HttpTestAnswer.Error(status));
        var error = Assert.Throws<DiskImageException>(() => Open(server.Uri + "/disk.raw"));
        Assert.Equal(expected, error.Error);
        Assert.Contains(server.Uri + "/disk.raw", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.Advice);
    }

    [Fact]
    public void A_host_that_does_not_answer_is_unavailable()
    {
        var error = Assert.Throws<DiskImageException>(() => Open($"https://localhost:{ExternalServer.FreePort()}/disk.raw"));
        Assert.Equal(V2VError.RemoteUnavailable, error.Error);
    }

    [Fact]
    public void A_server_that_ignores_ranges_is_refused_by_name()
    {
        using var server = new HttpTestServer(_ => new HttpTestAnswer("200 OK", s_content));
        var error = Assert.Throws<DiskImageException>(() => Open(server.Uri + "/disk.raw"));
        Assert.Equal(V2VError.DiskImageUnsupported, error.Error);
        Assert.Contains("Range", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_compresses_is_refused_by_name()
    {
        using var server = new HttpTestServer(r => HttpTestAnswer.Part(s_content, r, "Content-Encoding: gzip"));
        Assert.Contains("compresses", Assert.Throws<DiskImageException>(() => Open(server.Uri + "/disk.raw")).Message, StringComparison.Ordinal);
        Assert.Equal("identity", server.Requests.First().Headers["Accept-Encoding"]);
    }

    [Fact]
    public void The_length_may_be_told_by_HEAD_only()
    {
        using var server = new HttpTestServer(r => r.Method == "HEAD"
            ? new HttpTestAnswer("200 OK", s_content)
            : new HttpTestAnswer("206 Partial Content", s_content[(int)r.First..(int)(r.Last + 1)], $"Content-Range: bytes {r.First}-{r.Last}/*"));
        using DiskFile file = Open(server.Uri + "/disk.raw");
        CheckContent(file);
    }

    [Fact]
    public void An_empty_file_has_no_bytes()
    {
        using var server = new HttpTestServer(_ => HttpTestAnswer.Error("416 Range Not Satisfiable", "Content-Range: bytes */0"));
        using DiskFile file = Open(server.Uri + "/disk.raw");
        Assert.Equal(0, file.Length);
    }

    [Theory]
    [InlineData(true, "ETag: \"{0}\"")]
    [InlineData(false, "ETag: \"{0}\"")]
    [InlineData(false, "ETag: W/\"{0}\"")]
    [InlineData(true, "Last-Modified: Wed, 21 Oct 2015 07:28:0{0} GMT")]
    [InlineData(false, "Last-Modified: Wed, 21 Oct 2015 07:28:0{0} GMT")]
    public void A_file_that_changes_while_it_is_read_is_not_read_on(bool heedsIfRange, string header)
    {
        int version = 1;
        using var server = new HttpTestServer(r =>
        {
            string now = string.Format(System.Globalization.CultureInfo.InvariantCulture, header, Volatile.Read(ref version));
            return heedsIfRange && r.Headers.TryGetValue("If-Range", out string? condition) && !now.EndsWith(condition, StringComparison.Ordinal)
                ? new HttpTestAnswer("200 OK", s_content, now)
                : HttpTestAnswer.Part(s_content, r, now);
        });
        using DiskFile file = Open(server.Uri + "/disk.raw");
        file.Read(0, new byte[100]);
        Volatile.Write(ref version, 2);
        file.Read(0, new byte[100]);
        var error = Assert.Throws<DiskImageException>(() => file.Read(3 << 20, new byte[100]));
        Assert.Equal(V2VError.DiskImageReadFailed, error.Error);
        Assert.Contains("no longer the file that was opened", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_changes_its_size_is_not_read_on()
    {
        byte[] content = s_content;
        using var server = new HttpTestServer(r => HttpTestAnswer.Part(Volatile.Read(ref content), r));
        using DiskFile file = Open(server.Uri + "/disk.raw");
        Volatile.Write(ref content, s_content[..^1]);
        Assert.Contains("no longer", Assert.Throws<DiskImageException>(() => file.Read(0, new byte[100])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_part_than_was_asked_for_is_refused()
    {
        using var server = new HttpTestServer(r => r.Last == 0 ? HttpTestAnswer.Part(s_content, r) : HttpTestAnswer.Part(s_content, r with { Headers = new() { ["Range"] = "bytes=0-9" } }));
        using DiskFile file = Open(server.Uri + "/disk.raw");
        Assert.Contains("another part", Assert.Throws<DiskImageException>(() => file.Read(1 << 20, new byte[100])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_redirection_is_followed_once_and_again_when_it_has_expired()
    {
        string mirror = "/mirror-1";
        using var server = new HttpTestServer(r => r.Target == "/disk.raw" ? HttpTestAnswer.Error("302 Found", $"Location: {mirror}")
            : r.Target == mirror ? HttpTestAnswer.Part(s_content, r, Tag)
            : HttpTestAnswer.Error("403 Forbidden"));
        using DiskFile file = Open(server.Uri + "/disk.raw");
        byte[] buffer = new byte[100];
        file.Read(0, buffer);
        Assert.Equal(["/disk.raw", "/mirror-1", "/mirror-1"], server.Requests.Select(r => r.Target));
        Volatile.Write(ref mirror, "/mirror-2");
        file.Read(2 << 20, buffer);
        Assert.Equal(s_content[(2 << 20)..((2 << 20) + 100)], buffer);
        Assert.Equal(["/mirror-1", "/disk.raw", "/mirror-2"], server.Requests.Skip(3).Select(r => r.Target));
    }

    [Fact]
    public void Redirections_without_end_or_to_plain_HTTP_are_refused()
    {
        using var plain = new HttpTestServer(r => HttpTestAnswer.Part(s_content, r));
        using var server = new HttpTestServer(r => HttpTestAnswer.Error("302 Found", r.Target == "/down" ? $"Location: {plain.Uri}/disk.raw" : "Location: /disk.raw"), TestCertificate.Create());
        Assert.Contains("redirects", Assert.Throws<DiskImageException>(() => Open(server.Uri + "/down")).Message, StringComparison.Ordinal);
        Assert.Empty(plain.Requests);
        Assert.Contains("redirects", Assert.Throws<DiskImageException>(() => Open(server.Uri + "/disk.raw")).Message, StringComparison.Ordinal);
        Assert.InRange(server.Requests.Count, 2, 10);
    }

    [Fact]
    public void Files_beside_it_are_found_with_the_same_query()
    {
        byte[] descriptor = Encoding.ASCII.GetBytes("# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"vmfs\"\nRW 8 VMFS \"my disk-flat.vmdk\"\nddb.adapterType=\"lsilogic\"\n");
        using var server = new HttpTestServer(r => r.Target switch
        {
            "/folder/my%20guest/my%20disk.vmdk?dcPath=ha-datacenter&dsName=a%2Bb" => HttpTestAnswer.Part(descriptor, r),
            "/folder/my%20guest/my%20disk-flat.vmdk?dcPath=ha-datacenter&dsName=a%2Bb" => HttpTestAnswer.Part(s_content[..4096], r),
            _ => HttpTestAnswer.Error("404 Not Found"),
        });
        RemoteFile located = RemoteFiles.Locate(server.Uri + "/folder/my%20guest/my%20disk.vmdk?dcPath=ha-datacenter&dsName=a%2Bb", s_access);
        Assert.Equal(server.Uri + "/folder/my guest/my disk.vmdk", located.Store.PathOf(located.Name));
        using BlockDevice disk = DiskImages.Open(located.Open());
        byte[] buffer = new byte[4096];
        disk.Read(0, buffer);
        Assert.Equal(s_content[..4096], buffer);
        Assert.Null(located.Store.Open("other.vmdk"));
    }

    [Fact]
    public void User_and_password_are_taken_from_the_URI_and_shown_to_nobody_else()
    {
        using var elsewhere = new HttpTestServer(_ => HttpTestAnswer.Error("401 Unauthorized", "WWW-Authenticate: Basic realm=\"theirs\""));
        using var server = new HttpTestServer(r => !IsBasic(r, "me:se/cret") ? HttpTestAnswer.Error("401 Unauthorized", "WWW-Authenticate: Basic realm=\"ours\"")
            : r.Target == "/disk.raw" ? HttpTestAnswer.Part(s_content, r)
            : HttpTestAnswer.Error("302 Found", $"Location: {elsewhere.Uri}/disk.raw"));
        string uri = server.Uri.Replace("//", "//me:se%2Fcret@", StringComparison.Ordinal);
        using (DiskFile file = Open(uri + "/disk.raw"))
        {
            CheckContent(file);
            Assert.Equal(server.Uri + "/disk.raw", file.Path);
        }

        Assert.Single(server.Requests, r => !r.Headers.ContainsKey("Authorization"));
        var error = Assert.Throws<DiskImageException>(() => Open(uri + "/moved"));
        Assert.Equal(V2VError.AuthenticationFailed, error.Error);
        Assert.DoesNotContain("cret", error.ToString(), StringComparison.Ordinal);
        Assert.All(elsewhere.Requests, r => Assert.DoesNotContain("Authorization", r.Headers.Keys));
        Assert.Equal(V2VError.AuthenticationFailed, Assert.Throws<DiskImageException>(() => Open(uri.Replace("cret", "crab", StringComparison.Ordinal) + "/disk.raw")).Error);
    }

    [Fact]
    public void Digest_authentication_is_answered()
    {
        using var server = new HttpTestServer(r => IsDigest(r, "me", "secret") ? HttpTestAnswer.Part(s_content, r)
            : HttpTestAnswer.Error("401 Unauthorized", "WWW-Authenticate: Digest realm=\"ours\", nonce=\"abc123\", qop=\"auth\", algorithm=MD5"));
        using DiskFile file = Open(server.Uri + "/disk.raw", s_access with { Credential = new NetworkCredential("me", "secret") });
        CheckContent(file);
    }

    [Theory]
    [InlineData("401 Unauthorized")]
    [InlineData("403 Forbidden")]
    public void A_session_that_ends_is_begun_anew_with_one_login(string refusal)
    {
        // As ESX does: user and password give a cookie, the cookie alone is enough, and a dead one is refused whatever comes with it.
        int logins = 0;
        string? session = null;
        int served = 0;
        using var server = new HttpTestServer(r =>
        {
            if (r.Headers.TryGetValue("Cookie", out string? cookie))
            {
                if (cookie != Volatile.Read(ref session))
                {
                    return HttpTestAnswer.Error(refusal);
                }

                if (Interlocked.Increment(ref served) == 3)
                {
                    Volatile.Write(ref session, "vmware_soap_session=ended");
                }

                return HttpTestAnswer.Part(s_content, r, Tag);
            }

            if (!IsBasic(r, "root:secret"))
            {
                return HttpTestAnswer.Error("401 Unauthorized", "WWW-Authenticate: Basic realm=\"VMware HTTP server\"");
            }

            Volatile.Write(ref session, $"vmware_soap_session=number-{Interlocked.Increment(ref logins)}");
            return HttpTestAnswer.Part(s_content, r, Tag, $"Set-Cookie: {session}; Path=/; HttpOnly; Secure");
        }, TestCertificate.Create());
        using DiskFile file = Open(server.Uri + "/disk.raw", s_access with { Credential = new NetworkCredential("root", "secret") });
        CheckContent(file);
        Assert.Equal(2, logins);
        Assert.All(server.Requests.Where(r => r.Headers.ContainsKey("Cookie")), r => Assert.DoesNotContain("Authorization", r.Headers.Keys));
    }

    [Fact]
    public void Cookies_that_are_no_session_do_not_stand_for_the_password()
    {
        using var server = new HttpTestServer(r => IsBasic(r, "me:secret") ? HttpTestAnswer.Part(s_content, r, "Set-Cookie: balancer=7; Path=/")
            : HttpTestAnswer.Error("401 Unauthorized", "WWW-Authenticate: Basic realm=\"ours\"", "Set-Cookie: balancer=7; Path=/"));
        using DiskFile file = Open(server.Uri + "/disk.raw", s_access with { Credential = new NetworkCredential("me", "secret") });
        CheckContent(file);
    }

    [Theory]
    [InlineData("https://me:se/cret@host/disk")]
    [InlineData("gopher://me:secret@host/disk")]
    public void URIs_that_are_refused_are_shown_without_passwords(string uri)
    {
        var error = Assert.Throws<DiskImageException>(() => RemoteFiles.Locate(uri, s_access));
        Assert.Contains("://host/disk", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("cret", error.ToString() + error.Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_answers_end_soon_in_a_refusal()
    {
        int refused = 0;
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, seed =>
        {
            var random = new Random(seed);
            using var server = new HttpTestServer(r => Wrong(r.Method == "HEAD" ? new HttpTestAnswer("200 OK", s_content) : HttpTestAnswer.Part(s_content, r, Tag), random))
            {
                Damage = head =>
                {
                    lock (random)
                    {
                        for (int i = random.Next(4); i > 0 && random.Next(2) == 0; i--)
                        {
                            head[random.Next(head.Length)] = (byte)random.Next(256);
                        }
                    }
                },
            };
            long started = System.Diagnostics.Stopwatch.GetTimestamp();
            try
            {
                using DiskFile file = Open(server.Uri + "/disk.raw", s_access with { Timeout = TimeSpan.FromMilliseconds(100) });
                byte[] buffer = new byte[(int)Math.Min(file.Length, 100_000)];
                file.Read(0, buffer);
                file.Read(file.Length - buffer.Length, buffer);
            }
            catch (V2VException)
            {
                Interlocked.Increment(ref refused);
            }

            Watchdog.Check(started, $"case {seed}");
        });
        Assert.InRange(refused, 60, 200);
    }

    private static HttpTestAnswer Wrong(HttpTestAnswer answer, Random random)
    {
        lock (random)
        {
            return random.Next(12) switch
            {
                0 => answer with { Status = $"{random.Next(100, 600)} X" },
                1 => answer with { Headers = [.. answer.Headers, "Transfer-Encoding: chunked"] },
                2 => answer with { Headers = [$"Content-Range: bytes {random.NextInt64()}-{random.NextInt64()}/{random.NextInt64()}"] },
                3 => answer with { CloseAfter = random.Next(answer.Body.Length + 1) },
                4 => answer with { Headers = [.. answer.Headers, $"X-Long: {new string('x', 100_000)}"] },
                5 => answer with { Headers = [.. answer.Headers, "Location: /disk.raw"], Status = "302 Found" },
                _ => answer,
            };
        }
    }

    private static bool IsBasic(HttpTestRequest request, string credential) =>
        request.Headers.GetValueOrDefault("Authorization") == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(credential));

    /// <summary>RFC 7616, section 3.4.</summary>
    private static bool IsDigest(HttpTestRequest request, string user, string password)
    {
        if (request.Headers.GetValueOrDefault("Authorization") is not { } header || !header.StartsWith("Digest ", StringComparison.Ordinal))
        {
            return false;
        }

        var fields = header[7..].Split(',').Select(f => f.Trim().Split('=', 2)).ToDictionary(p => p[0], p => p[1].Trim('"'));
        string first = Md5($"{user}:ours:{password}");
        string second = Md5($"{request.Method}:{request.Target}");
        return fields["response"] == Md5($"{first}:abc123:{fields["nc"]}:{fields["cnonce"]}:auth:{second}");
    }

#pragma warning disable CA5351 // What the protocol demands.
    private static string Md5(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351

    private static DiskFile Open(string uri, RemoteAccess? access = null) => RemoteFiles.Locate(uri, access ?? s_access).Open();

    private static byte[] Content(int seed, int length)
    {
        byte[] content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    private static void CheckContent(DiskFile file)
    {
        byte[] read = new byte[s_content.Length];
        Parallel.For(0, 6, part =>
        {
            int start = part << 20;
            int length = Math.Min(1 << 20, read.Length - start);
            file.Read(start, read.AsSpan(start, length));
        });
        Assert.True(read.AsSpan().SequenceEqual(s_content));
    }
}
