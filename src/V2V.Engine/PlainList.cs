namespace V2V.Engine;

/// <summary>
/// Lists of the objects that scripts get. They are arrays: PowerShell cannot index the lists that the compiler makes of collection
/// expressions, so that <c>$guest.Disks[0]</c> would be all of the disks.
/// </summary>
internal static class PlainList
{
    public static IReadOnlyList<T> Of<T>(IReadOnlyList<T> list) => list as T[] ?? list.ToArray();
}
