namespace V2V.Engine.Targets;

/// <summary>A target whose host runs what was defined there, while others only keep it.</summary>
public interface IDomainHost
{
    /// <summary>Starts a domain that was defined.</summary>
    /// <exception cref="LibvirtException">The host cannot start it; it stays defined.</exception>
    void Start(string domain);

    /// <summary>Has a domain started whenever the host does.</summary>
    /// <exception cref="LibvirtException">The host cannot remember it.</exception>
    void StartWithHost(string domain);
}
