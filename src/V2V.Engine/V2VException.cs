namespace V2V.Engine;

/// <summary>What went wrong, in one word. The PowerShell module derives its ErrorRecord ids and categories from it.</summary>
public enum V2VError
{
    SourceNotFound,
    SourceInvalid,
    SourceUnsupported,
    SourceChecksumMismatch,
    /// <summary>The guest was running when it was described, so that its disks change.</summary>
    GuestRunning,

    DiskImageNotFound,
    DiskImageCorrupt,
    DiskImageUnsupported,
    /// <summary>A descriptor, backing file or extent names a file outside the guest's own folder.</summary>
    DiskImageOutsideFolder,
    DiskImageReadFailed,
    /// <summary>Another host cannot be reached, or does not let itself be talked to.</summary>
    RemoteUnavailable,
    /// <summary>Another host does not accept who asks, or does not prove who it is.</summary>
    AuthenticationFailed,
    /// <summary>There is no room for what has to be unpacked.</summary>
    TemporaryFolderFull,

    PartitionTableCorrupt,
    VolumeCorrupt,
    VolumeUnsupported,

    FileSystemCorrupt,
    FileSystemUnsupported,
    FileSystemNotClean,
    FileSystemFull,

    RegistryCorrupt,
    /// <summary>A hive was being written when the guest stopped, and its logs do not repair it.</summary>
    RegistryNotClean,
    RegistryUnsupported,

    GuestPathNotFound,
    GuestPathExists,
    GuestPathInvalid,

    NoOperatingSystem,
    SeveralOperatingSystems,
    GuestUnsupported,
    ConversionFailed,
    VerificationFailed,

    DriverSourceNotFound,
    DriverSourceInvalid,
    /// <summary>The driver source has no driver for the guest's system disk.</summary>
    DriversMissing,

    TargetExists,
    TargetFull,
    TargetUnavailable,
    TargetUnsupported,
    TargetWriteFailed,
    /// <summary>What was read back of a written disk is not what was written.</summary>
    TargetDiffers,

    LibvirtUnavailable,
    LibvirtFailed,

    ProfileNotFound,
    ProfileInvalid,
    ProfileExists,
    /// <summary>A configuration of virt-v2v asks for what V2V has no counterpart of.</summary>
    ProfileUnsupported,
    ProfileWriteFailed,

    /// <summary>No entry of a configuration's software is for the guest's system.</summary>
    SoftwareNotFound,
    /// <summary>Files that a configuration names for the guest are not there.</summary>
    SoftwareMissing,
    /// <summary>A file that a configuration names for the guest is no package that the guest could install.</summary>
    SoftwareInvalid,
}

/// <summary>
/// The one exception family of the engine. Every message says what, where, found, needed; <see cref="Advice"/> says what to do.
/// Mistakes of the calling code stay the BCL's own exceptions (ArgumentException, ObjectDisposedException).
/// </summary>
public class V2VException : Exception
{
    private string? _advice;

    public V2VException(V2VError error, string message, Exception? inner = null) : base(message, inner) => Error = error;

    public V2VError Error { get; }

    /// <summary>The host file, URI, pool or guest path that the error is about.</summary>
    public string? Path { get; init; }

    /// <summary>The format being read or written, in its usual spelling: "VMDK", "qcow2", "ext4", "GPT".</summary>
    public string? Format { get; init; }

    /// <summary>Byte offset in <see cref="Path"/> (or in the volume) where the offending data stands.</summary>
    public long? Offset { get; init; }

    /// <summary>What the user can do about it.</summary>
    public string? Advice { get => _advice; init => _advice = value; }

    /// <summary>What the failed conversion could not remove from the target again, and the copy that it keeps to be resumed; normally nothing.</summary>
    public IReadOnlyList<Concern> LeftBehind { get; internal set; } = [];

    /// <summary>Adds a way out that only a caller further up knows of.</summary>
    internal void AddAdvice(string more) => _advice = $"{_advice} {more}".TrimStart();
}

/// <summary>A descriptor of a virtual machine (VMX, OVF, XML) is missing, malformed, or uses what is not supported.</summary>
public sealed class SourceException(V2VError error, string message, Exception? inner = null) : V2VException(error, message, inner);

/// <summary>A virtual disk image cannot be read: corrupt, unsupported, missing, or leading out of its folder.</summary>
public sealed class DiskImageException(V2VError error, string message, Exception? inner = null) : V2VException(error, message, inner)
{
    /// <summary>It is these bytes that cannot be read (a bad sector, a damaged block), while others of the image may be sound.</summary>
    internal bool IsConfined { get; init; }
}

/// <summary>A partition table or volume manager's metadata cannot be used.</summary>
public sealed class VolumeException(V2VError error, string message, Exception? inner = null) : V2VException(error, message, inner);

/// <summary>A guest file system is corrupt, not understood, full, or was asked for a path that is not there.</summary>
public sealed class GuestFileSystemException(V2VError error, string message, Exception? inner = null) : V2VException(error, message, inner);

/// <summary>The guest is not one that can be converted, or a step of the conversion could not do its work.</summary>
public sealed class ConversionException(V2VError error, string message, Exception? inner = null) : V2VException(error, message, inner)
{
    /// <summary>The refusal that the critical ones among <paramref name="concerns"/> amount to, all in one message; null when there is none.</summary>
    /// <param name="concerns">What was found.</param>
    /// <param name="path">The guest's descriptor or first disk.</param>
    /// <param name="otherwise">The error when the first critical concern has an id that is none.</param>
    public static ConversionException? FromCritical(IEnumerable<Concern> concerns, string path, V2VError otherwise = V2VError.GuestUnsupported)
    {
        var critical = concerns.Where(c => c.Severity == ConcernSeverity.Critical).ToArray();
        if (critical.Length == 0)
        {
            return null;
        }

        // A critical concern that is an error of the engine has the error's name as its id.
        var error = critical[0].Error ?? (Enum.TryParse<V2VError>(critical[0].Id, out var known) ? known : otherwise);
        return new ConversionException(error, string.Join(" ", critical.Select(b => b.Message)))
        {
            Path = path,
            Advice = string.Join(" ", critical.Select(b => b.Advice).OfType<string>().Distinct()),
        };
    }
}

/// <summary>The place that Windows' drivers come from is missing, malformed, or holds none.</summary>
public sealed class DriverSourceException(V2VError error, string message, Exception? inner = null) : V2VException(error, message, inner);

/// <summary>The target (folder, pool, host) refused or failed.</summary>
public sealed class TargetException(V2VError error, string message, Exception? inner = null) : V2VException(error, message, inner);

/// <summary>libvirt is missing, cannot be reached, or refused what it was asked for.</summary>
public sealed class LibvirtException(V2VError error, string message, Exception? inner = null) : V2VException(error, message, inner);

/// <summary>A stored profile or a configuration file of virt-v2v is missing, malformed, or cannot be written.</summary>
public sealed class ProfileException(V2VError error, string message, Exception? inner = null) : V2VException(error, message, inner);
