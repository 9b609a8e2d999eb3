namespace V2V.Engine.Targets.Directory;

using Directory = System.IO.Directory;

/// <summary>
/// A folder while conversions of this process write into it. The first that needs it makes it; the last that leaves removes what was made and is
/// empty. Not the one that made it: others may be writing files into it that have no names yet.
/// </summary>
internal sealed class FolderUse
{
    private static readonly Dictionary<string, FolderUse> InUse = [];

    private readonly string _path;
    private readonly List<string> _made = [];
    private int _users;

    private FolderUse(string path) => _path = path;

    /// <summary>Makes the folder if need be. To be left once.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="willMake">Told of each folder that is made, before it is.</param>
    /// <param name="madeBefore">Folders that a run had made for this one that was killed: they are as if they were made now.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not make it.</exception>
    public static FolderUse Enter(string path, Action<string> willMake, IEnumerable<string> madeBefore)
    {
        lock (InUse)
        {
            if (!InUse.TryGetValue(path, out var use))
            {
                use = new FolderUse(path);
            }

            use._made.InsertRange(0, madeBefore.Except(use._made));
            use.Make(willMake);
            use._users++;
            InUse[path] = use;
            return use;
        }
    }

    /// <summary>Says that this user has done its work.</summary>
    /// <exception cref="IOException">What was made cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not remove it.</exception>
    public void Leave()
    {
        lock (InUse)
        {
            if (--_users > 0)
            {
                return;
            }

            InUse.Remove(_path);
            foreach (var folder in Enumerable.Reverse(_made))
            {
                FolderAccess.DeleteIfEmpty(folder);
            }
        }
    }

    private void Make(Action<string> willMake)
    {
        var first = _made.Count;
        for (var path = _path; !Directory.Exists(path) && !_made.Contains(path) && Path.GetDirectoryName(path) is { } parent; path = parent)
        {
            _made.Insert(first, path);
        }

        try
        {
            _made[first..].ForEach(willMake);
            Directory.CreateDirectory(_path);
        }
        catch
        {
            // Some of them may be there by now.
            foreach (var folder in _made[first..].Where(Directory.Exists).Reverse())
            {
                Directory.Delete(folder);
            }

            _made.RemoveRange(first, _made.Count - first);
            throw;
        }
    }
}
