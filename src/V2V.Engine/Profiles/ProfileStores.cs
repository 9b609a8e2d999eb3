namespace V2V.Engine.Profiles;

/// <summary>The user's and the machine's profiles together. A name that both have is the user's.</summary>
public static class ProfileStores
{
    /// <summary>In the order in which a name is looked for.</summary>
    public static IReadOnlyList<ProfileStore> All => [ProfileStore.ForUser(), ProfileStore.ForMachine()];

    /// <exception cref="ProfileException">There is no such profile, or its file is malformed.</exception>
    public static ConversionProfile Load(string name)
    {
        var stores = All;
        foreach (var store in stores)
        {
            if (store.TryLoad(name) is { } profile)
            {
                return profile;
            }
        }

        var names = stores.SelectMany(store => store.Names()).Distinct(StringComparer.OrdinalIgnoreCase).ToArray();
        throw new ProfileException(V2VError.ProfileNotFound, $"There is no profile '{name}' in {string.Join(" or ", stores.Select(store => store.Directory))}.")
        {
            Path = stores[0].Directory,
            Advice = names.Length > 0 ? $"Profiles there: {string.Join(", ", names)}." : "Make one with New-V2VProfile.",
        };
    }
}
