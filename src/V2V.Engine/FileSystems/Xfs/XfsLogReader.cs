namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Takes records apart into operations and puts these together to transactions (xlog_recover_process_data).</summary>
internal static class XfsLogReader
{
    /// <summary>The transactions that were committed, in the order in which they were.</summary>
    public static IEnumerable<XfsLogTransaction> Committed(IEnumerable<XfsLogRecord> records)
    {
        var open = new Dictionary<uint, XfsLogTransaction>();
        foreach (var record in records)
        {
            var at = 0;
            for (var i = 0; i < record.OperationCount; i++)
            {
                if (record.Contents.Length - at < XfsLogOperation.HeaderSize)
                {
                    throw XfsErrors.Corrupt("a record of the log ends in the middle of an operation.");
                }

                var operation = XfsLogOperation.Parse(record.Contents, at);
                at += XfsLogOperation.HeaderSize;
                if (operation.Length > record.Contents.Length - at)
                {
                    throw XfsErrors.Corrupt("an operation of the log is longer than its record.");
                }

                var piece = record.Contents.AsSpan(at, (int)operation.Length);
                at += (int)operation.Length;
                if (operation.Flags.HasFlag(XfsLogOperationFlags.Start))
                {
                    open[operation.Transaction] = new XfsLogTransaction(record.Lsn);
                }
                else if (!open.TryGetValue(operation.Transaction, out var transaction))
                {
                    // It began before the tail, so that all of it is on the disk already.
                }
                else if (operation.Flags.HasFlag(XfsLogOperationFlags.Commit))
                {
                    open.Remove(operation.Transaction);
                    yield return transaction;
                }
                else if (operation.IsUnmount)
                {
                    open.Remove(operation.Transaction);
                }
                else
                {
                    transaction.Add(piece, operation.Flags.HasFlag(XfsLogOperationFlags.Continuation));
                }
            }
        }
    }
}
