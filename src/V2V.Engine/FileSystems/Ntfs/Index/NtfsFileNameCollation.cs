namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>
/// COLLATION_FILE_NAME: by upper-case names and, for names that then are equal (of the POSIX namespace), by their characters.
/// </summary>
internal sealed class NtfsFileNameCollation(NtfsUpcase upcase) : NtfsCollation
{
    public override uint Rule => RuleFileName;

    public override int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var leftName = NtfsFileName.NameBytes(left);
        var rightName = NtfsFileName.NameBytes(right);
        var order = upcase.Compare(leftName, rightName);
        return order != 0 ? order : NtfsUpcase.CompareExactly(leftName, rightName);
    }

    public override bool AreEquivalent(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        upcase.Compare(NtfsFileName.NameBytes(left), NtfsFileName.NameBytes(right)) == 0;
}
