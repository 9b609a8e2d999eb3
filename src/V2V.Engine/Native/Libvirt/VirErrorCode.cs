namespace V2V.Engine.Native.Libvirt;

/// <summary>virErrorNumber (libvirt/virterror.h): the codes that are told apart.</summary>
internal enum VirErrorCode
{
    Ok = 0,
    OperationDenied = 29,
    NoDomain = 42,
    NoNetwork = 43,
    AuthenticationFailed = 45,
    NoStoragePool = 49,
    NoStorageVolume = 50,
    AuthenticationCancelled = 79,
    AccessDenied = 88,
    AuthenticationUnavailable = 94,
}
