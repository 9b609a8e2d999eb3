using System.Buffers.Binary;
using V2V.Engine.FileSystems.Ntfs.Log;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Log;

public sealed class NtfsLogTests
{
    private const int PageSize = 4096;

    private const int Length = 64 * PageSize;

    private const int Area = 0x70;

    [Fact]
    public void A_log_that_was_reset_is_empty()
    {
        var log = new byte[Length];
        NtfsLog.Reset(log.Length, (offset, data) => data.CopyTo(log.AsSpan((int)offset)));
        Assert.False(log.AsSpan().ContainsAnyExcept((byte)0xFF));
        var verdict = Inspect(log);
        Assert.Equal(NtfsLogState.Empty, verdict.State);
        verdict.ThrowUnlessClean();
    }

    [Theory]
    [InlineData("2000, shut down", 1, 1, 0xFFFF, 0, (int)NtfsLogState.Clean)]
    [InlineData("2000, in use", 1, 1, 0, 0, (int)NtfsLogState.InUse)]
    [InlineData("XP to 11, shut down", 1, 1, 0, 2, (int)NtfsLogState.Clean)]
    [InlineData("XP to 11, in use", 1, 1, 0, 1, (int)NtfsLogState.InUse)]
    [InlineData("8 to 11, power cut", 2, 0, 0, 0, (int)NtfsLogState.KeptOpen)]
    [InlineData("8 to 11, fast startup", 2, 0, 0, 2, (int)NtfsLogState.KeptOpen)]
    [InlineData("a later Windows", 2, 1, 0, 2, (int)NtfsLogState.UnknownVersion)]
    [InlineData("a later Windows", 3, 0, 0xFFFF, 2, (int)NtfsLogState.UnknownVersion)]
    public void Restart_pages_tell_how_Windows_left_the_volume(string left, int major, int minor, int inUse, int flags, int state)
    {
        var page = Page("RSTR", 100, major, minor, (ushort)inUse, (ushort)flags);
        var verdict = Inspect(Log(page, page));
        Assert.True((NtfsLogState)state == verdict.State, $"{left}: {verdict}");
        if (verdict.IsClean)
        {
            verdict.ThrowUnlessClean();
            return;
        }

        var error = Assert.Throws<GuestFileSystemException>(verdict.ThrowUnlessClean);
        Assert.Contains("shutdown /s /t 0", error.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void The_later_of_both_pages_counts()
    {
        var clean = Page("RSTR", 200, 1, 1, 0, 2);
        var open = Page("RSTR", 201, 2, 0, 0, 0);
        Assert.Equal(NtfsLogState.KeptOpen, Inspect(Log(clean, open)).State);
        Assert.Equal(NtfsLogState.KeptOpen, Inspect(Log(open, clean)).State);
        clean = Page("RSTR", 202, 1, 1, 0, 2);
        Assert.Equal(NtfsLogState.Clean, Inspect(Log(clean, open)).State);
        Assert.Equal(NtfsLogState.Clean, Inspect(Log(open, clean)).State);

        // One of them may have been lost.
        Assert.Equal(NtfsLogState.Clean, Inspect(Log(new byte[PageSize], clean)).State);
        Assert.Equal(NtfsLogState.Clean, Inspect(Log(clean, new byte[PageSize])).State);
        Assert.Equal(NtfsLogState.Damaged, Inspect(Log(new byte[PageSize], new byte[PageSize])).State);
    }

    [Fact]
    public void A_page_that_chkdsk_wrote_needs_no_fixups()
    {
        var page = Page("CHKD", 0, 1, 1, 0xFFFF, 2);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(8), 300);
        Assert.Equal(NtfsLogState.Clean, Inspect(Log(page, Page("RSTR", 299, 1, 1, 0, 0))).State);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(6), 0);
        Assert.Equal(NtfsLogState.Clean, Inspect(Log(page, Page("RSTR", 299, 1, 1, 0, 0))).State);
        Assert.Equal(NtfsLogState.InUse, Inspect(Log(page, Page("RSTR", 301, 1, 1, 0, 0))).State);
    }

    [Fact]
    public void What_only_looks_like_a_log_is_damaged()
    {
        Assert.Equal(NtfsLogState.Damaged, Inspect(new byte[Length]).State);
        Assert.Equal(NtfsLogState.Damaged, Inspect([]).State);
        var log = new byte[Length];
        log.AsSpan().Fill(0xFF);
        "RCRD"u8.CopyTo(log.AsSpan(2 * PageSize));
        Assert.Equal(NtfsLogState.Damaged, Inspect(log).State);
    }

    [Fact]
    public void Damage_never_makes_an_open_log_a_clean_one_by_accident()
    {
        var page = Page("RSTR", 100, 1, 1, 0, 0);
        var random = new Random(1);
        for (var i = 0; i < 20000; i++)
        {
            var log = Log(page, page);
            for (var change = random.Next(1, 8); change > 0; change--)
            {
                var at = random.Next(0x200);
                if (at is not (Area + 12 or Area + 13 or Area + 14 or Area + 15))
                {
                    log[at] = log[at + PageSize] = (byte)random.Next(256);
                }
            }

            var verdict = Inspect(log);
            Assert.False(verdict.IsClean && log[0x18] == Area, $"Run {i}: {verdict}");
        }
    }

    private static NtfsLogVerdict Inspect(byte[] log) => NtfsLog.Inspect(log.Length, (offset, buffer) => log.AsSpan((int)offset, buffer.Length).CopyTo(buffer));

    private static byte[] Log(byte[] first, byte[] second)
    {
        var log = new byte[Length];
        log.AsSpan().Fill(0xFF);
        first.CopyTo(log, 0);
        second.CopyTo(log, PageSize);
        return log;
    }

    /// <summary>A restart page laid out as a Windows 7 does it.</summary>
    internal static byte[] Page(string signature, long lsn, int major, int minor, ushort inUse, ushort flags)
    {
        var page = new byte[PageSize];
        System.Text.Encoding.ASCII.GetBytes(signature, page);
        Put16(page, 4, 0x1E);
        Put16(page, 6, 9);
        Put32(page, 16, PageSize);
        Put32(page, 20, PageSize);
        Put16(page, 24, Area);
        Put16(page, 26, minor);
        Put16(page, 28, major);
        Put32(page, Area, (uint)lsn);
        Put16(page, Area + 8, 1);
        Put16(page, Area + 10, inUse == 0xFFFF ? 0 : 0xFFFF);
        Put16(page, Area + 12, inUse);
        Put16(page, Area + 14, flags);
        Put32(page, Area + 16, 67 - 19);
        Put16(page, Area + 20, 0x40 + 0xA0);
        Put16(page, Area + 22, 0x40);
        Put32(page, Area + 24, Length);
        Put16(page, Area + 0x40 + 16, 0xFFFF);
        Put16(page, Area + 0x40 + 18, 0xFFFF);
        Put32(page, Area + 0x40 + 28, 8);
        "N\0T\0F\0S\0"u8.CopyTo(page.AsSpan(Area + 0x40 + 32));

        // The update sequence, with the number 7.
        Put16(page, 0x1E, 7);
        for (var sector = 0; sector < PageSize / 512; sector++)
        {
            page.AsSpan((sector * 512) + 510, 2).CopyTo(page.AsSpan(0x20 + (sector * 2)));
            Put16(page, (sector * 512) + 510, 7);
        }

        return page;
    }

    private static void Put16(byte[] page, int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(at), (ushort)value);

    private static void Put32(byte[] page, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(at), value);
}
