namespace V2V.Engine.Native.Libvirt;

/// <summary>virErrorNumber (libvirt/virterror.h): the codes that are told apart.</summary>
internal enum VirErrorCode
{
    Ok = 0,
    NoSupport = 3,
    AuthenticationFailed = 45,
    NoDomain = 42,
    NoStoragePool = 49,
    NoStorageVolume = 50,
    OperationDenied = 29,
    OperationInvalid = 55,
    AccessDenied = 88,
    AuthenticationUnavailable = 79,
    AuthenticationCancelled = 78,
}
