namespace V2V.Engine.Profiles;

/// <summary>Whose a stored profile is.</summary>
public enum ProfileScope
{
    /// <summary>The user's own; it wins over a profile of the machine that has the same name.</summary>
    CurrentUser,

    /// <summary>The machine's, for all its users; usually only administrators may change it.</summary>
    AllUsers,
}
