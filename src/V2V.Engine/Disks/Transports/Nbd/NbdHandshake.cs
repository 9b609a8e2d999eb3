using System.Buffers.Binary;
using System.Text;
using static V2V.Engine.Disks.Transports.Nbd.NbdNumbers;

namespace V2V.Engine.Disks.Transports.Nbd;

/// <summary>
/// The first phase of a connection, in which client and server agree on TLS, structured replies, metadata and the export (doc/proto.md,
/// section "Handshake phase"). Fixed newstyle; of older servers only what newstyle without options allows.
/// </summary>
/// <param name="stream">The connection.</param>
/// <param name="target">What is wanted.</param>
internal sealed class NbdHandshake(Stream stream, NbdUri target)
{
    /// <summary>Replies to one option: contexts and information that were not asked for included.</summary>
    private const int MaximumReplies = 100;

    /// <summary>Bytes of an option's reply. Names and messages have up to 4096.</summary>
    private const int MaximumReply = 16 << 10;

    /// <summary>Zeroes after an old server's description of the export.</summary>
    private const int Padding = 124;

    private readonly string _path = target.PathOf(target.Export);
    private bool _hasZeroes = true;

    private Stream _stream = stream;

    /// <summary>Agrees on everything.</summary>
    /// <param name="encrypt">Makes an encrypted connection of a plain one.</param>
    /// <returns>The export and the connection to use from now on; null when the server has no such export.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="DiskImageException">The server refuses, or does not keep to the protocol.</exception>
    public (NbdExport Export, Stream Stream)? Negotiate(Func<Stream, Stream> encrypt)
    {
        if (!ReadGreeting())
        {
            return target.IsEncrypted
                ? throw NbdFault.Refused(V2VError.DiskImageUnsupported, _path, "is too old to encrypt its connections", "Use nbd:// in a network that you trust.")
                : (ReadExport(), _stream);
        }

        if (target.IsEncrypted)
        {
            if (Ask(NbdOption.StartTls, []) is var (refusal, text))
            {
                throw NbdFault.Refused(
                    V2VError.RemoteUnavailable, _path, $"refuses to encrypt the connection ({Name(refusal)}{text})",
                    "Set the server up for TLS, or use nbd:// in a network that you trust.");
            }

            _stream = encrypt(_stream);
        }

        bool isStructured = false;
        uint? context = null;
        switch (Ask(NbdOption.StructuredReply, []))
        {
            case null:
                isStructured = true;
                _ = Ask(NbdOption.SetMetaContext, MetaContextRequest(), (type, data) => context = type == NbdOptionReply.MetaContext ? ReadContext(data) ?? context : context);
                break;
            case (NbdOptionReply.TlsRequired, var text):
                throw TlsRequired(text);
        }

        var export = new NbdExport { Length = -1, CanMultiConnect = false, IsStructured = isStructured, AllocationContext = context };
        switch (Ask(NbdOption.Go, GoRequest(), (type, data) => export = type == NbdOptionReply.Info ? ReadInfo(data, export) : export))
        {
            case null when export.Length < 0:
                throw NbdFault.Protocol(_path, "it does not tell the export's size");
            case null:
                return (export, _stream);
            case (NbdOptionReply.Unsupported, _):
                ReadExportByName();
                return (ReadExport() with { IsStructured = isStructured, AllocationContext = context }, _stream);
            case (NbdOptionReply.Unknown, _):
                return null;
            case (NbdOptionReply.TlsRequired, var text):
                throw TlsRequired(text);
            case (NbdOptionReply.Policy, var text):
                throw NbdFault.Refused(V2VError.AuthenticationFailed, _path, $"does not allow the export to be opened{text}", "Check the server's settings of who may use it.");
            case (NbdOptionReply.ShuttingDown, _):
                throw new IOException("The server is shutting down.");
            case var (refusal, text):
                throw NbdFault.Refused(V2VError.DiskImageReadFailed, _path, $"refuses the export ({Name(refusal)}{text})", "Check the server and what it logs.");
        }
    }

    /// <summary>Takes the server's first words and says the client's.</summary>
    /// <returns>Whether options can be negotiated; if not, the export was asked for and its description comes next.</returns>
    private bool ReadGreeting()
    {
        Span<byte> greeting = stackalloc byte[18];
        _stream.ReadExactly(greeting[..16]);
        ulong kind = BinaryPrimitives.ReadUInt64BigEndian(greeting[8..]);
        if (BinaryPrimitives.ReadUInt64BigEndian(greeting) != ServerMagic)
        {
            throw NbdFault.Protocol(_path, "it does not begin as an NBD server does");
        }

        if (kind == OldStyleMagic)
        {
            throw NbdFault.Refused(V2VError.DiskImageUnsupported, _path, "speaks the oldstyle protocol only, without names of exports", "Use qemu-nbd, nbdkit or nbd-server 3 and later.");
        }

        if (kind != OptionMagic)
        {
            throw NbdFault.Protocol(_path, "it does not begin as an NBD server does");
        }

        _stream.ReadExactly(greeting[16..]);
        int flags = BinaryPrimitives.ReadUInt16BigEndian(greeting[16..]) & (FixedNewStyle | NoZeroes);
        _hasZeroes = (flags & NoZeroes) == 0;
        Span<byte> answer = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(answer, (uint)flags);
        _stream.Write(answer);
        if ((flags & FixedNewStyle) != 0)
        {
            return true;
        }

        ReadExportByName();
        return false;
    }

    /// <summary>Asks for the export as servers without NBD_OPT_GO understand it. They hang up when there is none.</summary>
    private void ReadExportByName() => Send(NbdOption.ExportName, Encoding.UTF8.GetBytes(target.Export));

    private NbdExport ReadExport()
    {
        byte[] description = new byte[10 + (_hasZeroes ? Padding : 0)];
        try
        {
            _stream.ReadExactly(description);
        }
        catch (EndOfStreamException e)
        {
            throw NbdFault.Refused(V2VError.DiskImageNotFound, _path, "hung up when it was asked for the export", "Check the export's name, and whether the server wants TLS (nbds://).", e);
        }

        return ReadSizeAndFlags(description, new NbdExport { Length = 0, CanMultiConnect = false });
    }

    private NbdExport ReadInfo(byte[] data, NbdExport export) => data.Length < 2 ? throw NbdFault.Protocol(_path, "information about the export is cut short")
        : (BinaryPrimitives.ReadUInt16BigEndian(data), data.Length) switch
        {
            (InfoExport, 12) => ReadSizeAndFlags(data.AsSpan(2), export),
            (InfoBlockSize, 14) => export.WithBlockSizes(
                _path, BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(2)), BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(10))),
            (InfoExport or InfoBlockSize, _) => throw NbdFault.Protocol(_path, "information about the export has the wrong size"),
            _ => export,
        };

    private NbdExport ReadSizeAndFlags(ReadOnlySpan<byte> data, NbdExport export)
    {
        ulong length = BinaryPrimitives.ReadUInt64BigEndian(data);
        return length <= long.MaxValue - uint.MaxValue
            ? export with { Length = (long)length, CanMultiConnect = (BinaryPrimitives.ReadUInt16BigEndian(data[8..]) & CanMultiConnect) != 0 }
            : throw NbdFault.Protocol(_path, $"the export's size of {length} bytes is impossible");
    }

    private uint? ReadContext(byte[] data) => data.Length < 4 ? throw NbdFault.Protocol(_path, "a metadata context is cut short")
        : Encoding.UTF8.GetString(data.AsSpan(4)) == Allocation ? BinaryPrimitives.ReadUInt32BigEndian(data)
        : null;

    /// <summary>The export's name, and that the size of blocks is asked for: who asks for it keeps to it.</summary>
    private byte[] GoRequest()
    {
        byte[] name = Encoding.UTF8.GetBytes(target.Export);
        byte[] request = new byte[4 + name.Length + 4];
        BinaryPrimitives.WriteInt32BigEndian(request, name.Length);
        name.CopyTo(request, 4);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(4 + name.Length), 1);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(6 + name.Length), InfoBlockSize);
        return request;
    }

    private byte[] MetaContextRequest()
    {
        byte[] name = Encoding.UTF8.GetBytes(target.Export);
        byte[] query = Encoding.UTF8.GetBytes(Allocation);
        byte[] request = new byte[4 + name.Length + 4 + 4 + query.Length];
        BinaryPrimitives.WriteInt32BigEndian(request, name.Length);
        name.CopyTo(request, 4);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(4 + name.Length), 1);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(8 + name.Length), query.Length);
        query.CopyTo(request, 12 + name.Length);
        return request;
    }

    /// <summary>Sends an option and takes its replies up to the last one.</summary>
    /// <returns>Null when the server agrees; otherwise its refusal, with its text ready to be put into a sentence.</returns>
    private (NbdOptionReply Refusal, string Text)? Ask(NbdOption option, byte[] data, Action<NbdOptionReply, byte[]>? onReply = null)
    {
        Send(option, data);
        for (int i = 0; i < MaximumReplies; i++)
        {
            (NbdOptionReply type, byte[] reply) = ReadReply(option);
            if (type == NbdOptionReply.Acknowledged)
            {
                return null;
            }

            if (type >= NbdOptionReply.FirstError)
            {
                return (type, reply.Length > 0 ? $": {ServerText.Clean(reply)}" : "");
            }

            if (onReply is null)
            {
                throw NbdFault.Protocol(_path, $"it answers option {option} with a reply of type {(uint)type}");
            }

            onReply(type, reply);
        }

        throw NbdFault.Protocol(_path, $"it answers option {option} without end");
    }

    private void Send(NbdOption option, byte[] data)
    {
        byte[] request = new byte[16 + data.Length];
        BinaryPrimitives.WriteUInt64BigEndian(request, OptionMagic);
        BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(8), (uint)option);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(12), data.Length);
        data.CopyTo(request, 16);
        _stream.Write(request);
    }

    private (NbdOptionReply Type, byte[] Data) ReadReply(NbdOption option)
    {
        Span<byte> header = stackalloc byte[20];
        _stream.ReadExactly(header);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header[16..]);
        if (BinaryPrimitives.ReadUInt64BigEndian(header) != OptionReplyMagic || BinaryPrimitives.ReadUInt32BigEndian(header[8..]) != (uint)option)
        {
            throw NbdFault.Protocol(_path, $"its reply to option {option} is none");
        }

        if (length > MaximumReply)
        {
            throw NbdFault.Protocol(_path, $"its reply to option {option} has {length} bytes");
        }

        byte[] data = new byte[length];
        _stream.ReadExactly(data);
        return ((NbdOptionReply)BinaryPrimitives.ReadUInt32BigEndian(header[12..]), data);
    }

    private DiskImageException TlsRequired(string text) => NbdFault.Refused(
        V2VError.RemoteUnavailable, _path, $"wants the connection to be encrypted{text}", "Use nbds:// in the URI.");

    private static string Name(NbdOptionReply refusal) => Enum.IsDefined(refusal) ? refusal.ToString() : $"error {(uint)refusal & 0x7FFFFFFF}";
}
