using V2V.Engine.FileSystems.Ntfs.Index;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The names of files: a $FILE_NAME in the file and the same as an entry of a directory's index, with what listings show of the file.</summary>
internal sealed class NtfsNames(NtfsVolume volume)
{
    /// <summary>Windows' own limit of names a file.</summary>
    private const int MaxLinks = 1024;

    /// <summary>RESIDENT_ATTR_IS_INDEXED.</summary>
    private const byte IndexedFlag = 1;

    /// <summary>Brings the copies of times, sizes and flags up to date in the file and in its directories.</summary>
    public void Synchronise(NtfsFile file)
    {
        if (file.Number < NtfsSystemFile.FirstUser && file.Number != NtfsSystemFile.Root)
        {
            return;
        }

        foreach (var attribute in file.Names.ToArray())
        {
            var name = Parse(file, attribute);
            var key = Describe(file, name).ToBytes();
            if (key.AsSpan().SequenceEqual(attribute.Value))
            {
                continue;
            }

            if (!Directory(name).Index.Update(key))
            {
                throw NtfsErrors.Corrupt($"MFT record {file.Number} has the name {name.Name} in directory {new NtfsReference(name.Parent).Number}, which does not know it.");
            }

            attribute.Value = key;
            file.MarkDirty();
        }
    }

    /// <summary>Adds a name. A file's first one gets a short name beside it where Windows would make it; further links are plain.</summary>
    /// <param name="file">The file.</param>
    /// <param name="directory">Where the name is to be; must not have it yet.</param>
    /// <param name="text">The name.</param>
    public static void Add(NtfsFile file, NtfsFile directory, string text)
    {
        if (file.LinkCount >= MaxLinks)
        {
            throw NtfsErrors.Unsupported($"{text} would be more than the {MaxLinks}th name of a file, which Windows does not allow.", path: text);
        }

        var names = new NtfsDirectory(directory);
        var isPaired = file.Volume.Information.HasShortNames && !file.Names.Any();
        var shortName = isPaired && !NtfsShortName.Fits(text) ? NtfsShortName.Generate(text, n => names.Find(n) is not null) : null;
        var kind = shortName is not null ? NtfsNamespace.Win32 : isPaired && NtfsShortName.Fits(text) ? NtfsNamespace.Win32AndDos : NtfsNamespace.Posix;
        Add(file, names, text, kind);
        if (shortName is not null)
        {
            Add(file, names, shortName, NtfsNamespace.Dos);
        }

        Touch(directory);
    }

    /// <summary>Removes a name; a short name goes with the long one that it belongs to, and the other way round.</summary>
    /// <param name="file">The file.</param>
    /// <param name="entry">The name as its directory has it.</param>
    public void Remove(NtfsFile file, NtfsFileName entry)
    {
        // The other half of a pair stands in the same directory. Further links are names of their own, of whatever kind.
        NtfsNamespace? partner = entry.Namespace switch
        {
            NtfsNamespace.Win32 => NtfsNamespace.Dos,
            NtfsNamespace.Dos => NtfsNamespace.Win32,
            _ => null,
        };
        var found = false;
        foreach (var attribute in file.Names.ToArray())
        {
            var name = Parse(file, attribute);
            var isSame = name.Parent == entry.Parent && name.Name == entry.Name;
            if (!isSame && (name.Namespace != partner || new NtfsReference(name.Parent).Number != new NtfsReference(entry.Parent).Number))
            {
                continue;
            }

            found |= isSame;
            var directory = Directory(name);
            if (!directory.Index.Delete(attribute.Value))
            {
                throw NtfsErrors.Corrupt($"MFT record {file.Number} has the name {name.Name} in directory {directory.File.Number}, which does not know it.");
            }

            file.Remove(attribute);
            file.LinkCount -= file.LinkCount > 0 ? (ushort)1 : (ushort)0;
            Touch(directory.File);
        }

        if (!found)
        {
            throw NtfsErrors.Corrupt($"a directory has the name {entry.Name} for MFT record {file.Number}, which does not know it.");
        }
    }

    /// <summary>Notes a change of a directory.</summary>
    public static void Touch(NtfsFile directory)
    {
        var information = directory.Information;
        information.Modified = information.Changed = NtfsTimestamp.FromTime(DateTimeOffset.UtcNow);
    }

    private static void Add(NtfsFile file, NtfsDirectory directory, string text, NtfsNamespace kind)
    {
        var name = new NtfsFileName { Parent = directory.File.Reference.Value, Namespace = kind, Name = text };
        var key = Describe(file, name).ToBytes();
        directory.Index.Insert(NtfsIndexEntry.ForFile(file.Reference.Value, key));
        file.Add(new NtfsAttribute(NtfsAttributeType.FileName, "") { Value = key, ResidentFlags = IndexedFlag });
        file.LinkCount++;
    }

    private static NtfsFileName Parse(NtfsFile file, NtfsAttribute attribute) => NtfsFileName.TryParse(attribute.Value)
        ?? throw NtfsErrors.Corrupt($"a $FILE_NAME of MFT record {file.Number} is cut off.");

    private NtfsDirectory Directory(NtfsFileName name) => new(volume.Files.Get(new NtfsReference(name.Parent)));

    /// <summary>A name with what its file is now.</summary>
    private static NtfsFileName Describe(NtfsFile file, NtfsFileName name)
    {
        var information = file.Information;
        var data = file.IsDirectory ? null : file.Data;
        return name with
        {
            Created = information.Created,
            Modified = information.Modified,
            RecordModified = information.Changed,
            Accessed = information.Accessed,
            AllocatedLength = data is null ? 0 : data.IsResident ? NtfsAttributeRecord.Align((int)data.DataSize) : data.SpaceOnVolume,
            DataLength = data?.DataSize ?? 0,
            Flags = (information.Flags & ~(NtfsFileFlags.Directory | NtfsFileFlags.ViewIndex))
                | (file.IsDirectory ? NtfsFileFlags.Directory : 0)
                | (file.Flags.HasFlag(NtfsRecordFlags.ViewIndex) ? NtfsFileFlags.ViewIndex : 0),
            ReparseTag = information.Flags.HasFlag(NtfsFileFlags.ReparsePoint) ? ReparseTag(file, name) : PackedAttributesLength(file),
        };
    }

    private static uint ReparseTag(NtfsFile file, NtfsFileName name) =>
        file.Find(NtfsAttributeType.ReparsePoint)?.Value is { Length: >= 4 } value ? value.AsReadOnly().U32(0) : name.ReparseTag;

    private static uint PackedAttributesLength(NtfsFile file) =>
        file.Find(NtfsAttributeType.EaInformation)?.Value is { Length: >= 2 } value ? value.AsReadOnly().U16(0) : 0u;
}
