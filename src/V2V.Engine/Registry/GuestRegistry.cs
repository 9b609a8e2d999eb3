using V2V.Engine.FileSystems;

namespace V2V.Engine.Registry;

/// <summary>The registry of one Windows: its hives, opened when they are asked for. Not thread-safe.</summary>
public sealed class GuestRegistry
{
    private readonly GuestRoot _root;
    private readonly string _configuration;
    private readonly Dictionary<string, RegistryHive> _hives = new(StringComparer.OrdinalIgnoreCase);

    private GuestRegistry(GuestRoot root, string systemRoot)
    {
        _root = root;
        _configuration = systemRoot.TrimEnd('/') + "/System32/config";
    }

    /// <summary>HKEY_LOCAL_MACHINE\SYSTEM.</summary>
    public RegistryHive System => OpenHive(_configuration + "/SYSTEM");

    /// <summary>HKEY_LOCAL_MACHINE\SOFTWARE.</summary>
    public RegistryHive Software => OpenHive(_configuration + "/SOFTWARE");

    /// <param name="root">The guest's tree.</param>
    /// <param name="systemRoot">Where Windows is in it, such as "/Windows".</param>
    public static GuestRegistry Open(GuestRoot root, string systemRoot)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentException.ThrowIfNullOrEmpty(systemRoot);
        return new GuestRegistry(root, systemRoot);
    }

    /// <summary>A hive by its '/'-separated path in the guest; the same object each time.</summary>
    public RegistryHive OpenHive(string guestPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(guestPath);
        if (!_hives.TryGetValue(guestPath, out var hive))
        {
            hive = RegistryHive.Open(_root, guestPath);
            _hives[guestPath] = hive;
        }

        return hive;
    }

    /// <summary>Writes every hive that was changed, or was found dirty, to its file. The file system is not flushed.</summary>
    public void Save()
    {
        foreach (var hive in _hives.Values)
        {
            hive.Save();
        }
    }
}
