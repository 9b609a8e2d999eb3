using System.Globalization;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>A storage pool and a libvirt on this host: volumes for the disks, and a domain that is defined, not started.</summary>
public sealed class LibvirtTarget : ConversionTarget
{
    private const string VhostVsock = "/dev/vhost-vsock";

    private readonly string _uri;
    private readonly string _poolName;
    private readonly List<PendingVolume> _volumes = [];
    private ConnectHandle? _connect;
    private LibvirtPool? _pool;
    private LibvirtHost? _host;
    private bool _overwrite;
    private bool _defined;

    /// <param name="uri">A local libvirt: "qemu:///system".</param>
    /// <param name="pool">Name of a pool of the type dir, fs or netfs.</param>
    public LibvirtTarget(string uri, string pool)
    {
        ArgumentException.ThrowIfNullOrEmpty(uri);
        ArgumentException.ThrowIfNullOrEmpty(pool);
        _uri = uri;
        _poolName = pool;
    }

    /// <summary>"kvm" or "qemu"; null takes the best that the host offers.</summary>
    public string? DomainType { get; init; }

    public override string Description => $"pool {_poolName} at {_uri}";

    public override HostCapabilities Capabilities => Host.Capabilities(DomainType);

    private ConnectHandle Connection => _connect ??= Connect();

    private LibvirtPool Pool => _pool ??= LibvirtPool.Open(Connection, _uri, _poolName);

    private LibvirtHost Host => _host ??= new LibvirtHost(Connection, _uri);

    public override IReadOnlyList<Concern> Check(TargetRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        _overwrite = request.Overwrite;
        if (DomainNames.Check(request.Name) is { } wrong)
        {
            return [wrong];
        }

        List<Concern> concerns = [];
        try
        {
            CheckDomain(request, concerns);
            CheckNetworks(request, concerns);
            if (DomainType is null && Capabilities.HasKvm == false)
            {
                concerns.Add(new Concern(
                    ConcernSeverity.Warning, "NoKvm", $"The host at {_uri} has no usable KVM; the guest will be emulated, which is many times slower.",
                    "Switch on virtualisation in the host's firmware, load the module kvm_intel or kvm_amd, and restart libvirt."));
            }

            CheckPool(request, concerns);
        }
        catch (V2VException e)
        {
            // What cannot even be asked stands against the conversion, beside whatever was found before.
            concerns.Add(Blocker(e.Error.ToString(), e.Message, e.Advice));
        }

        return concerns;
    }

    public override TargetDisk CreateDisk(TargetDiskRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var final = Pool.PathOf(request.FileName);
        var exists = Pool.Contains(request.FileName);
        if (exists && !_overwrite)
        {
            throw new TargetException(V2VError.TargetExists, $"The volume {request.FileName} exists already in {Description}.")
            {
                Path = final,
                Advice = "Choose another name, delete the volume, or allow overwriting.",
            };
        }

        if (FolderAccess.WhyNotWritable(Pool.Folder) is null)
        {
            // libvirt hears of the volume when it is complete, so that not even a process that is killed leaves one behind.
            var pending = final + PendingFile.TemporarySuffix;
            File.Delete(pending);
            var unnamed = ImageWriters.CreateUnnamed(pending, request.Format, request.Capacity, request.Compression);
            _volumes.Add(new PendingVolume(request.FileName, new PendingFile(final) { Writer = unnamed, IsCreated = true }, KnownToLibvirt: false));
            return new TargetDisk(unnamed, new DomainDiskSource(request.Format, final, _poolName, request.FileName));
        }

        var name = exists ? request.FileName + PendingFile.TemporarySuffix : request.FileName;
        if (exists)
        {
            Pool.Delete(name); // Left by a process that was killed.
        }

        var path = Pool.Create(name, request.Format, request.Capacity);
        ImageWriter writer;
        try
        {
            // The file is libvirt's: its owner, mode and label stay, only its contents are ours.
            writer = ImageWriters.Create(path, request.Format, request.Capacity, request.Compression, createNew: false);
        }
        catch
        {
            Pool.Delete(name);
            throw;
        }

        _volumes.Add(new PendingVolume(name, new PendingFile(final, path) { Writer = writer, IsCreated = true }, KnownToLibvirt: true));
        return new TargetDisk(writer, new DomainDiskSource(request.Format, final, _poolName, request.FileName));
    }

    public override DefinedDomain Define(DomainDescription domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        List<Concern> concerns = [];
        var xml = DomainXml.Build(Fit(domain, concerns)).ToString();
        TakeNames();
        Pool.Refresh();
        var uuid = DefineDomain(domain.Name, xml);
        _defined = true;
        foreach (var volume in _volumes)
        {
            Attempt(volume.File.Keep, volume.File.FinalPath, concerns);
        }

        return new DefinedDomain(domain.Name, uuid, xml, XmlPath: null) { Concerns = concerns };
    }

    public override IReadOnlyList<Concern> RollBack()
    {
        List<Concern> concerns = [];
        if (_defined || _volumes.Count == 0)
        {
            return concerns;
        }

        foreach (var volume in _volumes)
        {
            Attempt(() => Remove(volume), volume.File.FinalPath, concerns);
        }

        _volumes.Clear();
        Attempt(Pool.Refresh, _poolName, concerns);
        return concerns;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            RollBack();
            _pool?.Dispose();
            _connect?.Dispose();
        }

        base.Dispose(disposing);
    }

    private ConnectHandle Connect()
    {
        if (!Uri.TryCreate(_uri, UriKind.Absolute, out var uri) || uri.Host.Length > 0)
        {
            throw new TargetException(V2VError.TargetUnsupported, $"{_uri} is not a libvirt of this host; others are not supported yet.")
            {
                Path = _uri,
                Advice = "Run on the KVM host with qemu:///system, or convert into a folder, copy it there and define the domain with virsh.",
            };
        }

        return VirConnectOpen.Call(_uri);
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
            concerns.Add(Blocker(
                "TargetExists", $"The domain {request.Name} exists already at {_uri}.", "Choose another name, undefine the domain, or allow overwriting."));
        }
        else if (VirDomainIsActive.Call(existing, request.Name))
        {
            concerns.Add(Blocker("TargetRunning", $"The domain {request.Name} is running and cannot be replaced.", "Shut it down first."));
        }
    }

    private void CheckNetworks(TargetRequest request, List<Concern> concerns)
    {
        foreach (var network in request.Networks.DistinctBy(n => (n.IsBridge, n.Name)))
        {
            if (network.IsBridge)
            {
                if (OperatingSystem.IsLinux() && !System.IO.Directory.Exists($"/sys/class/net/{network.Name}/bridge") && !IsOpenVSwitch(network.Name))
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
        foreach (var disk in request.Disks.Where(d => Pool.Contains(d.FileName)))
        {
            if (!request.Overwrite)
            {
                concerns.Add(Blocker(
                    "TargetExists", $"The volume {disk.FileName} exists already in {Description}.",
                    "Choose another name, delete the volume, or allow overwriting."));
            }
            else if (FolderAccess.WhyNotWritable(Pool.Folder) is { } reason)
            {
                concerns.Add(Blocker(
                    "TargetNotWritable", $"{disk.FileName} cannot be replaced in {Pool.Folder}: {reason}", "Run as a user who may write there, or delete the volume first."));
            }
        }

        var needed = request.Disks.Sum(d => d.EstimatedBytes);
        var free = Pool.FreeBytes;
        if (free < needed)
        {
            concerns.Add(Blocker(
                "TargetFull", string.Create(CultureInfo.InvariantCulture, $"The {Description} has {free} bytes free; up to {needed} are needed."),
                "Free some space or choose another pool."));
        }
    }

    /// <summary>Fits the domain to what the host's QEMU has.</summary>
    private DomainDescription Fit(DomainDescription domain, List<Concern> concerns)
    {
        var architecture = DomainXml.Architecture(domain);
        var type = DomainType ?? Host.DomainType(architecture)
            ?? throw new TargetException(V2VError.TargetUnsupported, $"The host at {_uri} cannot run {architecture} guests.")
            {
                Path = _uri,
                Advice = $"Install QEMU's emulator for {architecture} (package qemu-system-x86 or qemu-kvm), or choose another host.",
            };
        var source = domain.Source;
        if (source.HasTpm && !Host.HasTpm(domain, type))
        {
            source = source with { HasTpm = false };
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "TpmMissing", $"The host at {_uri} cannot emulate a TPM; the domain has none.",
                "Install swtpm on the host and add a TPM to the domain."));
        }

        if (domain.Hardware.HasVsock && !File.Exists(VhostVsock))
        {
            domain.Hardware.HasVsock = false;
            concerns.Add(new Concern(
                ConcernSeverity.Information, "VsockMissing", $"The host has no {VhostVsock}; the domain has no vsock device.", "Load the module vhost_vsock and add it."));
        }

        return domain with { DomainType = type, Source = source, HasFloppyController = Host.HasFloppy(domain, type) };
    }

    private void TakeNames()
    {
        try
        {
            _volumes.ForEach(v => v.File.TakeName(_overwrite));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TargetException(V2VError.TargetWriteFailed, $"A volume in {Pool.Folder} cannot be replaced: {e.Message}", e)
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
                    Advice = _overwrite ? "Shut it down first." : "Choose another name, undefine the domain, or allow overwriting.",
                };
            }

            // Its saved state and UEFI variables belong to the guest that is being replaced.
            old = VirDomainGetXMLDesc.Call(existing, name);
            VirDomainUndefineFlags.Call(existing, name);
        }

        try
        {
            using var defined = VirDomainDefineXMLFlags.Call(Connection, name, xml);
            return ReadUuid(defined, name);
        }
        catch (LibvirtException) when (old is not null)
        {
            VirDomainDefineXMLFlags.Call(Connection, name, old, validate: false).Dispose();
            throw;
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

    private void Remove(PendingVolume volume)
    {
        if (volume.KnownToLibvirt && !volume.HasOwnName)
        {
            Pool.Delete(volume.Name);
        }

        volume.File.Undo();
    }

    private static void Attempt(Action action, string path, List<Concern> concerns)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or V2VException)
        {
            concerns.Add(new Concern(ConcernSeverity.Warning, "LeftBehind", $"{path} could not be cleaned up: {e.Message}", "Look at it and delete it by hand."));
        }
    }

    private static Concern Blocker(string id, string message, string? advice) => new(ConcernSeverity.Blocker, id, message, advice);

    /// <summary>A volume that was made for this conversion.</summary>
    /// <param name="Name">Its name in the pool while it is written.</param>
    /// <param name="File">Its file.</param>
    /// <param name="KnownToLibvirt">libvirt made it, because this process may not create files in the pool's folder.</param>
    private sealed record PendingVolume(string Name, PendingFile File, bool KnownToLibvirt)
    {
        /// <summary>It has been renamed, and libvirt knows it by the other name, or by none.</summary>
        public bool HasOwnName => File.TemporaryPath != File.FinalPath && !System.IO.File.Exists(File.TemporaryPath);
    }
}
