namespace V2V.Engine.Native.Libvirt;

/// <summary>virErrorNumber (libvirt/virterror.h): the codes that are told apart.</summary>
internal enum VirErrorCode
{
    Ok = 0,
    NoSupport = 3,
    NoConnect = 5,
    InvalidArgument = 8,
    OperationDenied = 29,
    SystemError = 38,
    Rpc = 39,
    NoDomain = 42,
    NoNetwork = 43,
    AuthenticationFailed = 45,
    NoStoragePool = 49,
    NoStorageVolume = 50,
    ArgumentUnsupported = 74,
    AuthenticationCancelled = 79,
    OperationUnsupported = 84,
    AccessDenied = 88,
    AuthenticationUnavailable = 94,
}
