namespace V2V.Engine.FileSystems.Ntfs.Log;

/// <summary>
/// A restart page of $LogFile, one of two copies at its beginning: "RSTR", or "CHKD" after chkdsk has looked at the log. It names the clients
/// of the log, of which NTFS is the only one, and how far it is written.
/// </summary>
internal sealed class NtfsRestartPage
{
    public const uint SignatureRestart = 0x52545352; // "RSTR"

    public const uint SignatureChecked = 0x444B4843; // "CHKD"

    /// <summary>No client, in a list of them.</summary>
    public const ushort NoClient = 0xFFFF;

    public const int MinPageSize = 512;

    public const int MaxPageSize = 64 << 10;

    internal static class Offsets
    {
        public const int Signature = 0;
        public const int CheckedLsn = 8;
        public const int SystemPageSize = 16;
        public const int LogPageSize = 20;
        public const int RestartArea = 24;
        public const int MinorVersion = 26;
        public const int MajorVersion = 28;
        public const int End = 30;
    }

    /// <summary>Within the restart area.</summary>
    internal static class AreaOffsets
    {
        public const int CurrentLsn = 0;
        public const int ClientCount = 8;
        public const int FreeClients = 10;
        public const int ClientsInUse = 12;
        public const int Flags = 14;
        public const int SequenceNumberBits = 16;
        public const int Length = 20;
        public const int ClientArray = 22;
        public const int FileSize = 24;
        public const int End = 48;
    }

    /// <summary>Within a client's record.</summary>
    internal static class ClientOffsets
    {
        public const int Previous = 16;
        public const int Next = 18;
    }

    private const int ClientSize = 160;

    /// <summary>RESTART_VOLUME_IS_CLEAN.</summary>
    private const ushort FlagClean = 2;

    private const int Alignment = 8;

    /// <summary>Everything up to here is free of fixups.</summary>
    private const int FirstFixup = NtfsFixups.Stride - sizeof(ushort);

    /// <summary>A sequence number and an offset in units of eight bytes share 64 bits (seq_number_bits).</summary>
    private const int LsnBits = 67;

    private NtfsRestartPage()
    {
    }

    public required int MajorVersion { get; init; }

    public required int MinorVersion { get; init; }

    /// <summary>To tell which of two copies is the later one.</summary>
    public required long Lsn { get; init; }

    /// <summary>NTFS has the log open. Since Windows XP it stays so, also after a shutdown.</summary>
    public required bool IsOpen { get; init; }

    /// <summary>Set by a Windows XP or later when it has shut the volume down.</summary>
    public required bool IsMarkedClean { get; init; }

    /// <summary>Bytes of the page, from its first 512 bytes; 0 when they are not the beginning of a restart page.</summary>
    public static int PageSize(ReadOnlySpan<byte> head)
    {
        if (head.U32(Offsets.Signature) is not (SignatureRestart or SignatureChecked))
        {
            return 0;
        }

        var size = head.U32(Offsets.SystemPageSize);
        return size is >= MinPageSize and <= MaxPageSize && (size & (size - 1)) == 0 ? (int)size : 0;
    }

    /// <summary>Reads a page as it is on the disk; null, with what is wrong, when it is not valid.</summary>
    public static NtfsRestartPage? TryParse(Span<byte> page, out string problem)
    {
        ReadOnlySpan<byte> data = page;
        var isChecked = data.U32(Offsets.Signature) == SignatureChecked;
        var logPageSize = data.U32(Offsets.LogPageSize);
        var area = (int)data.U16(Offsets.RestartArea);

        // chkdsk may leave its page without fixups.
        var hasFixups = !isChecked || data.U16(NtfsFixups.Offsets.ArrayCount) != 0;
        if (logPageSize < MinPageSize || (logPageSize & (logPageSize - 1)) != 0)
        {
            problem = $"a restart page counts log pages of {logPageSize} bytes";
            return null;
        }

        if (area % Alignment != 0 || area < Offsets.End || area + AreaOffsets.End > page.Length || area + AreaOffsets.FileSize > FirstFixup)
        {
            problem = $"a restart page has its restart area at byte {area}";
            return null;
        }

        // A torn write does no harm where everything that counts stands in the first sector.
        var length = data.U16(area + AreaOffsets.Length);
        if (hasFixups && !NtfsFixups.TryUndo(page) && area + length > FirstFixup)
        {
            problem = "a restart page was only written in part";
            return null;
        }

        if (!IsValidArea(data, area, out problem))
        {
            return null;
        }

        return new NtfsRestartPage
        {
            MajorVersion = (short)data.U16(Offsets.MajorVersion),
            MinorVersion = (short)data.U16(Offsets.MinorVersion),
            Lsn = isChecked ? data.I64(Offsets.CheckedLsn) : data.I64(area + AreaOffsets.CurrentLsn),
            IsOpen = data.U16(area + AreaOffsets.ClientsInUse) != NoClient,
            IsMarkedClean = (data.U16(area + AreaOffsets.Flags) & FlagClean) != 0,
        };
    }

    private static bool IsValidArea(ReadOnlySpan<byte> page, int area, out string problem)
    {
        var count = page.U16(area + AreaOffsets.ClientCount);
        var clients = page.U16(area + AreaOffsets.ClientArray);
        var length = page.U16(area + AreaOffsets.Length);
        var fileSize = page.U64(area + AreaOffsets.FileSize);
        if (clients % Alignment != 0 || area + clients > FirstFixup
            || clients + (count * ClientSize) > length || area + length > page.Length)
        {
            problem = $"a restart page has {count} clients in a restart area of {length} bytes";
            return false;
        }

        var bits = page.U32(area + AreaOffsets.SequenceNumberBits);
        if (bits != LsnBits - (64 - System.Numerics.BitOperations.LeadingZeroCount(fileSize)))
        {
            problem = $"a restart page has sequence numbers of {bits} bits for a log of {fileSize} bytes";
            return false;
        }

        var array = page[(area + clients)..];
        if (!IsValidList(array, count, page.U16(area + AreaOffsets.FreeClients)) || !IsValidList(array, count, page.U16(area + AreaOffsets.ClientsInUse)))
        {
            problem = "a restart page has a broken list of clients";
            return false;
        }

        problem = "";
        return true;
    }

    private static bool IsValidList(ReadOnlySpan<byte> clients, int count, ushort first)
    {
        var left = count;
        for (var index = first; index != NoClient; left--)
        {
            if (left == 0 || index >= count || (index == first && clients.U16((index * ClientSize) + ClientOffsets.Previous) != NoClient))
            {
                return false;
            }

            index = clients.U16((index * ClientSize) + ClientOffsets.Next);
        }

        return true;
    }
}
