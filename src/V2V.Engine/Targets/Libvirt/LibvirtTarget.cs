using System.Globalization;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Sources.Libvirt;
using V2V.Engine.Targets.Journal;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>A storage pool of a libvirt, on this host or another: volumes for the disks, and a domain that is defined, and started by request.</summary>
public sealed class LibvirtTarget : ConversionTarget, IDomainHost
{
    private const string UsualArchitecture = "x86_64";
    private const string UsualMachine = "q35";

    private readonly string _uri;
    private readonly string _poolName;
    private readonly bool _isLocal;
    private readonly RunJournal _journal = new();
    private readonly List<TargetVolume> _volumes = [];
    private ConnectHandle? _connect;
    private LibvirtPool? _pool;
    private LibvirtHost? _host;
    private DeadCopy? _resumed;
    private bool _overwrite;
    private bool _definesDomain = true;
    private bool _isDone;
    private bool _mayBeDefined;

    /// <param name="uri">Of the libvirt that will run the guest: "qemu:///system", "qemu+ssh://root@kvm1/system".</param>
    /// <param name="pool">Name of a storage pool.</param>
    public LibvirtTarget(string uri, string pool)
    {
        ArgumentException.ThrowIfNullOrEmpty(uri);
        ArgumentException.ThrowIfNullOrEmpty(pool);
        _uri = uri;
        _poolName = pool;
        _isLocal = LibvirtUri.Parse(uri).IsLocal;
    }

    /// <summary>"kvm" or "qemu"; null takes the best that the host offers.</summary>
    public string? DomainType { get; init; }

    public override string Description => $"pool {_poolName} at {_uri}";

    public override HostCapabilities Capabilities => CapabilitiesFor(UsualArchitecture, UsualMachine);

    private ConnectHandle Connection => _connect ??= LibvirtHost.Connect(_uri);

    private LibvirtPool Pool => _pool ??= LibvirtPool.Open(Connection, _uri, _poolName, _isLocal);

    private LibvirtHost Host => _host ??= new LibvirtHost(Connection, _uri);

    public override HostCapabilities CapabilitiesFor(string architecture, string machine) => Host.Capabilities(DomainType, architecture, machine);

    public override IReadOnlyList<Concern> Check(TargetRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        (_overwrite, _definesDomain) = (request.Overwrite, request.DefinesDomain);
        if (DomainNames.Check(request.Name) is { } wrong)
        {
            return [wrong];
        }

        List<Concern> concerns = [];
        try
        {
            CheckDomain(request, concerns);
            CheckNetworks(request, concerns);
            if (request.Domain is { } domain)
            {
                concerns.AddRange(HostSize.Check(Host.Description, domain, _uri));
            }

            CheckPool(request, concerns);
        }
        catch (V2VException e)
        {
            // What cannot even be asked stands against the conversion, beside whatever was found before.
            concerns.Add(Critical(e.Error.ToString(), e.Message, e.Advice));
        }

        return concerns;
    }

    public override ImageFormat FormatFor(ImageFormat wanted)
    {
        try
        {
            return Pool.Kind == PoolKind.Files ? wanted : ImageFormat.Raw;
        }
        catch (V2VException)
        {
            return wanted; // What is wrong with the pool is said by the check.
        }
    }

    public override TargetDisk CreateDisk(TargetDiskRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Reconnect();
        if (!_overwrite && Pool.Contains(request.FileName))
        {
            throw new TargetException(V2VError.TargetExists, $"The volume {request.FileName} exists already in {Description}.")
            {
                Path = request.FileName,
                Advice = "Choose another name (-Name), delete the volume, or replace it with -Force.",
            };
        }

        TargetVolume volume = WritesFiles
            ? FolderVolume.Create(Pool, request, _journal)
            : CreatedVolume.Create(() => Pool, request, _journal);
        _volumes.Add(volume);
        return new TargetDisk(volume.Writer, volume.Source) { CheckpointPath = volume is FolderVolume ? _journal.CheckpointPath(_volumes.Count) : null };
    }

    /// <summary>What libvirt makes, and what only it can write, is not known again, or not read back.</summary>
    internal override bool CanResume
    {
        get
        {
            try
            {
                return WritesFiles;
            }
            catch (V2VException)
            {
                return false; // What is wrong with the pool is said by the check.
            }
        }
    }

    private bool WritesFiles => Pool.Folder is { } folder && FolderAccess.WhyNotWritable(folder) is null;

    internal override void Resume(DeadCopy dead)
    {
        _resumed = dead;
        _journal.TakeOver(dead);
        dead.DeleteFiles(exceptDisks: true);
    }

    internal override void KeepCopy()
    {
        _volumes.ForEach(v => v.Writer.Dispose());
        _volumes.Clear();
        _resumed = null;
        _journal.Abandon();
    }

    public override DefinedDomain Define(DomainDescription domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        List<Concern> concerns = [];
        Reconnect();
        var xml = DomainXml.Build(domain).ToString();
        TakeNames();
        _journal.Add(new ListVolumes(_uri, _poolName));
        Pool.Refresh();
        Guid? uuid = _definesDomain ? DefineDomain(domain.Name, xml) : null;
        _isDone = true;
        Leftovers.Attempt(() => _journal.Add(new CompleteRun()), domain.Name, concerns);
        foreach (var volume in _volumes)
        {
            Leftovers.Attempt(volume.Keep, volume.Path, concerns);
        }

        if (concerns.Exists(c => c.Id == "LeftBehind"))
        {
            _journal.Abandon();
        }

        Leftovers.Attempt(_journal.End, domain.Name, concerns);
        return new DefinedDomain(domain.Name, uuid, xml, XmlPath: null) { Concerns = concerns };
    }

    public void Start(string domain)
    {
        using var defined = FindDomain(domain);
        VirDomainCreate.Call(defined, domain);
    }

    public void StartWithHost(string domain)
    {
        using var defined = FindDomain(domain);
        VirDomainSetAutostart.Call(defined, domain);
    }

    public override IReadOnlyList<Concern> RollBack()
    {
        if (_isDone)
        {
            return [];
        }

        // Also after a conversion that was given up there is a connection to be had.
        using var reads = RemoteReads.EndOn(CancellationToken.None);
        List<Concern> concerns = [];
        if (_mayBeDefined)
        {
            _mayBeDefined = false;
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "LeftBehind",
                $"libvirt at {_uri} was lost while the domain was defined: whether it is there, nobody can tell now, so that its disks in {Description} stay.",
                "The next conversion looks, and removes them if it is not."));
            _volumes.ForEach(v => v.Writer.Dispose());
        }
        else if (_volumes.Count > 0 || _resumed is not null)
        {
            Leftovers.Attempt(Reconnect, _poolName, []);
            _volumes.ForEach(v => Leftovers.Attempt(v.Undo, v.Path, concerns));
            Leftovers.Attempt(() => _resumed?.DeleteFiles(exceptDisks: false), _poolName, concerns);
            // A pool that is gone or cannot be reached is looked through anew when it is back.
            Leftovers.Attempt(() => Pool.Refresh(), _poolName, []);
        }

        _volumes.Clear();
        _resumed = null;
        if (concerns.Count > 0)
        {
            _journal.Abandon();
        }

        Leftovers.Attempt(_journal.End, _poolName, concerns);
        return concerns;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            RollBack();
            _journal.Dispose();
            _pool?.Dispose();
            _connect?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>
    /// A copy takes hours, in which libvirt may be restarted. What was asked of the old connection has no effect on the new one: files that were
    /// written are there all the same, and streams that broke have failed already.
    /// </summary>
    private void Reconnect()
    {
        try
        {
            VirDomainLookupByName.Call(Connection, _poolName)?.Dispose();
        }
        catch (LibvirtException) when (!VirConnectIsAlive.Call(Connection))
        {
            _pool?.Dispose();
            _connect?.Dispose();
            (_pool, _connect, _host) = (null, null, null);
        }
    }

    private void CheckDomain(TargetRequest request, List<Concern> concerns)
    {
        using var existing = VirDomainLookupByName.Call(Connection, request.Name);
        if (existing is null)
        {
            return;
        }

        if (!request.Overwrite)
        {
            concerns.Add(Critical(
                "TargetExists", $"The domain {request.Name} exists already at {_uri}.", "Choose another name (-Name), undefine the domain, or replace it with -Force."));
        }
        else if (VirDomainIsActive.Call(existing, request.Name))
        {
            concerns.Add(Critical("TargetRunning", $"The domain {request.Name} is running and cannot be replaced.", "Shut it down first."));
        }
    }

    private void CheckNetworks(TargetRequest request, List<Concern> concerns)
    {
        foreach (var network in request.Networks.DistinctBy(n => (n.IsBridge, n.Name)))
        {
            if (network.IsBridge)
            {
                if (_isLocal && OperatingSystem.IsLinux() && !System.IO.Directory.Exists($"/sys/class/net/{network.Name}/bridge") && !IsOpenVSwitch(network.Name))
                {
                    concerns.Add(Missing($"The host has no bridge {network.Name}; the guest will not start.", "Create it, or connect the guest to another."));
                }

                continue;
            }

            using var found = VirNetworkLookupByName.Call(Connection, network.Name);
            if (found is null)
            {
                concerns.Add(Missing(
                    $"{_uri} has no network {network.Name}; the guest will not start.", "Define it, or connect the guest to another ('virsh net-list --all')."));
            }
            else if (!VirNetworkIsActive.Call(found, network.Name))
            {
                concerns.Add(Missing($"The network {network.Name} is not active; the guest will not start.", $"Start it: virsh net-start {network.Name}"));
            }
        }

        static Concern Missing(string message, string advice) => new(ConcernSeverity.Warning, "NetworkMissing", message, advice);
        static bool IsOpenVSwitch(string name) => System.IO.Directory.Exists($"/sys/class/net/{name}") && System.IO.Directory.Exists("/sys/class/net/ovs-system");
    }

    private void CheckPool(TargetRequest request, List<Concern> concerns)
    {
        if (!request.Overwrite)
        {
            concerns.AddRange(request.Disks.Where(d => Pool.Contains(d.FileName)).Select(d => Critical(
                "TargetExists", $"The volume {d.FileName} exists already in {Description}.", "Choose another name (-Name), delete the volume, or replace it with -Force.")));
        }

        // Block devices have all of their size from the beginning.
        var needed = request.Disks.Sum(d => Pool.Kind == PoolKind.BlockDevices ? d.Capacity : d.EstimatedBytes) - (request.Resumed?.AllocatedBytes ?? 0);
        var free = Pool.FreeBytes;
        if (free < needed)
        {
            concerns.Add(Critical(
                "TargetFull", string.Create(CultureInfo.InvariantCulture, $"The {Description} has {free} bytes free; up to {needed} are needed."),
                "Free some space or choose another pool."));
        }
    }

    private void TakeNames()
    {
        try
        {
            _volumes.ForEach(v => v.Finish(_overwrite));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TargetException(V2VError.TargetWriteFailed, $"A volume in {Description} cannot be replaced: {e.Message}", e)
            {
                Path = Pool.Folder,
                Advice = "Run as a user who may write there, or delete the volume first.",
            };
        }
    }

    private Guid DefineDomain(string name, string xml)
    {
        using var existing = VirDomainLookupByName.Call(Connection, name);
        string? old = null;
        if (existing is not null)
        {
            if (!_overwrite || VirDomainIsActive.Call(existing, name))
            {
                throw new TargetException(V2VError.TargetExists, $"The domain {name} exists already at {_uri}{(_overwrite ? " and is running" : "")}.")
                {
                    Path = name,
                    Advice = _overwrite ? "Shut it down first." : "Choose another name (-Name), undefine the domain, or replace it with -Force.",
                };
            }

            old = VirDomainGetXMLDesc.Call(existing, name);
        }

        _journal.Add(new Journal.DefineDomain(_uri, name, existing is null ? null : VirDomainGetUUIDString.Call(existing, name), old));
        if (existing is not null)
        {
            // Its saved state and UEFI variables belong to the guest that is being replaced.
            VirDomainUndefineFlags.Call(existing, name);
        }

        try
        {
            using var defined = VirDomainDefineXMLFlags.Call(Connection, name, xml);
            return ReadUuid(defined, name);
        }
        catch (LibvirtException) when (!VirConnectIsAlive.Call(Connection))
        {
            _mayBeDefined = true;
            throw;
        }
        catch (LibvirtException) when (old is not null)
        {
            DefineAgain(name, old);
            throw;
        }
    }

    private DomainHandle FindDomain(string name) => VirDomainLookupByName.Call(Connection, name)
        ?? throw new LibvirtException(V2VError.LibvirtFailed, $"There is no domain {name} at {_uri} any more.") { Path = name };

    /// <summary>Why the new domain was refused is the error to report; the old one is left to the next run if it has to be.</summary>
    private void DefineAgain(string name, string old)
    {
        try
        {
            VirDomainDefineXMLFlags.Call(Connection, name, old, validate: false).Dispose();
        }
        catch (LibvirtException)
        {
            _journal.Abandon();
        }
    }

    private static Guid ReadUuid(DomainHandle defined, string name)
    {
        try
        {
            return VirDomainGetUUIDString.Call(defined, name);
        }
        catch (LibvirtException)
        {
            VirDomainUndefineFlags.Call(defined, name);
            throw;
        }
    }

    private static Concern Critical(string id, string message, string? advice) => new(ConcernSeverity.Critical, id, message, advice);
}
