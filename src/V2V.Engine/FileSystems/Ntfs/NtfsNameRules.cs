using System.Buffers;
using V2V.Engine.FileSystems.Ntfs.Index;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>What Windows allows in a name.</summary>
internal static class NtfsNameRules
{
    private const string Forbidden = "\"*/:<>?\\|";

    private static readonly SearchValues<char> s_forbidden = SearchValues.Create(Forbidden);

    /// <summary>Why a name cannot be given, or null.</summary>
    public static string? FindFault(string name) => name switch
    {
        { Length: 0 or > NtfsFileName.MaxLength } => $"a name on NTFS has 1 to {NtfsFileName.MaxLength} characters.",
        _ when name.AsSpan().ContainsAny(s_forbidden) || name.Any(c => c < ' ') => $"a name that Windows can open has none of {Forbidden} and no control characters.",
        [.., '.' or ' '] => "a name that Windows can open does not end in a dot or a space.",
        _ => null,
    };
}
