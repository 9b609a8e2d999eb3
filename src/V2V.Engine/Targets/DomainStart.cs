namespace V2V.Engine.Targets;

/// <summary>
/// Starts a domain that was just defined, by request. What goes wrong is a concern and no failure, since the guest is converted: what keeps it from
/// starting, such as a network that is not active, can be mended without converting it again.
/// </summary>
internal sealed class DomainStart(ConversionOptions options)
{
    private bool IsWanted => options.Start || options.StartWithHost;

    /// <summary>What stands against starting anything at all.</summary>
    public IReadOnlyList<Concern> Check(ConversionTarget target) => (IsWanted, options.DefinesDomain, target) switch
    {
        (true, false, _) => [Refusal("The domain is to be started, but not to be defined.", "Have it defined, or do not have it started.")],
        (true, _, not IDomainHost) => [Refusal(
            $"The domain is to be started, and {target.Description} runs nothing.", "Convert into a storage pool of the libvirt that will run the guest.")],
        _ => [],
    };

    /// <summary>Starts the domain on the target's host.</summary>
    /// <returns>Whether it runs.</returns>
    public bool Run(string domain, ConversionTarget target, PhaseClock clock, ICollection<Concern> concerns)
    {
        if (!IsWanted || target is not IDomainHost host)
        {
            return false;
        }

        clock.Enter("Start", "Starting the domain");
        if (options.StartWithHost)
        {
            Attempt(
                () => host.StartWithHost(domain), "NotStartedWithHost",
                $"The guest is converted and its domain defined. When the cause is mended: virsh autostart {domain}", concerns);
        }

        return options.Start && Attempt(
            () => host.Start(domain), "NotStarted",
            $"The guest is converted and its domain defined. When the cause is mended: virsh start {domain}. "
            + $"The host's /var/log/libvirt/qemu/{domain}.log has QEMU's own words.", concerns);
    }

    private static bool Attempt(Action action, string id, string advice, ICollection<Concern> concerns)
    {
        try
        {
            action();
            return true;
        }
        catch (LibvirtException e)
        {
            concerns.Add(new Concern(ConcernSeverity.Warning, id, e.Message, e.Advice is null ? advice : $"{e.Advice} {advice}"));
            return false;
        }
    }

    private static Concern Refusal(string message, string advice) =>
        new(ConcernSeverity.Critical, "CannotStart", message, advice) { Error = V2VError.TargetUnsupported };
}
