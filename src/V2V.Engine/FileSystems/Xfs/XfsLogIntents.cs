namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Changes that transactions announced for a later one, as long as that one has not come.</summary>
internal sealed class XfsLogIntents
{
    private const int IdOffset = 8;

    private readonly Dictionary<(XfsLogItemType Type, ulong Id), XfsLogItem> _open = [];

    /// <summary>What was never done, in the order in which it was announced.</summary>
    public IEnumerable<XfsLogItem> Open => _open.Values;

    public void Note(XfsLogItem item)
    {
        switch (item.Type)
        {
            case XfsLogItemType.FreeIntent or XfsLogItemType.OwnerIntent or XfsLogItemType.RefcountIntent or XfsLogItemType.MapIntent
                or XfsLogItemType.AttributeIntent or XfsLogItemType.ExchangeIntent:
                _open[(item.Type, item.U64(IdOffset))] = item;
                break;
            case XfsLogItemType.FreeDone or XfsLogItemType.OwnerDone or XfsLogItemType.RefcountDone or XfsLogItemType.MapDone
                or XfsLogItemType.AttributeDone or XfsLogItemType.ExchangeDone:
                // Every "done" is numbered next to its intent.
                _open.Remove((item.Type - 1, item.U64(IdOffset)));
                break;
            default:
                throw XfsLogReplay.Refuse($"it holds items of the unknown kind 0x{(ushort)item.Type:x}");
        }
    }
}
