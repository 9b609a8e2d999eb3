namespace V2V.Engine.Volumes.Lvm;

/// <summary>Text from a guest's metadata on its way into a message.</summary>
internal static class LvmText
{
    private const int MaxShown = 80;

    /// <summary>Without what could confuse a terminal, and no longer than a line.</summary>
    internal static string Printable(string text) =>
        string.Concat(text.Take(MaxShown).Select(c => c is >= ' ' and <= '~' ? c : '?')) + (text.Length > MaxShown ? "..." : "");
}
