namespace V2V.Engine.Tests.Guests.Phony;

/// <summary>The lines in which two texts differ, "- " for those that went and "+ " for those that came.</summary>
internal static class TextDifference
{
    public static IEnumerable<string> Between(string before, string after)
    {
        var (a, b) = (Lines(before), Lines(after));
        // The length of the longest common subsequence of what follows each pair of places.
        var common = new int[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--)
            {
                common[i, j] = a[i] == b[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        for (int i = 0, j = 0; i < a.Length || j < b.Length;)
        {
            if (i < a.Length && j < b.Length && a[i] == b[j])
            {
                i++;
                j++;
            }
            else if (i < a.Length && (j == b.Length || common[i + 1, j] >= common[i, j + 1]))
            {
                yield return $"- {a[i++]}";
            }
            else
            {
                yield return $"+ {b[j++]}";
            }
        }
    }

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.TrimEnd('\n').Split('\n');
}
