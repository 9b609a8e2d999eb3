namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>From files that are stored in special ways to plain ones, and to none.</summary>
internal sealed partial class NtfsFileSystem
{
    /// <summary>The unnamed stream, as plain data that can be changed in place.</summary>
    private NtfsAttribute PlainData(NtfsFile file, string path, bool keepContents)
    {
        var data = file.Data ?? file.Add(new NtfsAttribute(NtfsAttributeType.Data, "") { Value = [] });
        if (data.IsEncrypted)
        {
            throw NtfsErrors.Unsupported(
                $"{path} is encrypted (EFS), so that it cannot be changed.", "Decrypt it in the source guest (cipher /d).", path);
        }

        var isWof = false;
        if (FlagsOf(file).HasFlag(NtfsFileFlags.ReparsePoint) && ReparsePointOf(file) is { } point)
        {
            if (point.Tag != NtfsReparseTag.Wof && keepContents)
            {
                OpenContents(file, path); // refuses it by name
            }

            isWof = true;
        }

        if (!isWof && !data.IsCompressed)
        {
            return data;
        }

        var writer = new NtfsFileWriter(_volume, file, data);
        if (keepContents)
        {
            writer.Materialise(OpenContents(file, path));
        }
        else
        {
            writer.MakeEmpty();
        }

        if (isWof)
        {
            RemoveReparsePoint(file);
        }

        return data;
    }

    private void RemoveReparsePoint(NtfsFile file)
    {
        if (ReparsePointOf(file) is not { } point)
        {
            return;
        }

        var removal = new NtfsRemoval(_volume);
        new NtfsViewIndexes(_paths).RemoveReparsePoint(file, point.Tag);
        removal.Remove(file, file.Find(NtfsAttributeType.ReparsePoint)!);
        if (point.Tag == NtfsReparseTag.Wof && file.Find(NtfsAttributeType.Data, Compression.WofReparsePoint.StreamName) is { } stream)
        {
            removal.Remove(file, stream);
        }

        var information = file.Information;
        information.Flags &= ~NtfsFileFlags.ReparsePoint;
    }

    private void ReleaseUnlessNamed(NtfsFile file)
    {
        if (file.Names.Any())
        {
            Touch(file);
            return;
        }

        var indexes = new NtfsViewIndexes(_paths);
        if (ReparsePointOf(file) is { } point)
        {
            indexes.RemoveReparsePoint(file, point.Tag);
        }

        indexes.RemoveObjectId(file);
        new NtfsRemoval(_volume).Remove(file);
    }
}
