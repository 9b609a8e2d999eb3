using System.Text.RegularExpressions;
using V2V.Engine.Conversion.Software;

namespace V2V.Engine.Conversion.Linux.Software;

/// <summary>A package on this machine that was found to be readable, whole, and of the kind that the guest installs.</summary>
/// <param name="Package">What it is for.</param>
/// <param name="Length">Size in bytes.</param>
internal sealed partial record PackageFile(SoftwarePackage Package, long Length)
{
    /// <summary>The longest packages of distributions, those with firmware, have some 400 MB; a kernel has less than 100.</summary>
    private const long MaxLength = 512L << 20;

    /// <summary>The file's name, which is safe to write into a script.</summary>
    public string Name => Path.GetFileName(Package.FullPath);

    /// <param name="package">What is to be there.</param>
    /// <param name="format">"rpm" or "deb".</param>
    /// <exception cref="ConversionException">It is not.</exception>
    public static PackageFile Check(SoftwarePackage package, string format)
    {
        ConversionException Refused(string fault, Exception? inner = null) => new(V2VError.SoftwareInvalid, $"The package {package.FullPath} for the guest cannot be used: {fault}.", inner)
        {
            Path = package.FullPath,
            Format = format,
            Advice = "Put a whole package of the guest's distribution there, or correct the configuration.",
        };

        try
        {
            if (!SafeName().IsMatch(Path.GetFileName(package.FullPath)))
            {
                throw Refused("its name has characters other than letters, digits and . _ - + ~");
            }

            if (Directory.Exists(package.FullPath))
            {
                throw Refused("it is a folder");
            }

            using var stream = File.OpenRead(package.FullPath);
            if (stream.Length > MaxLength)
            {
                throw Refused($"it has {stream.Length} bytes, and at most {MaxLength} are expected of a package");
            }

            return (format == "rpm" ? RpmFile.FindFault(stream) : DebFile.FindFault(stream)) is { } fault
                ? throw Refused(fault)
                : new PackageFile(package, stream.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused(e.Message.TrimEnd('.'), e);
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_+~][A-Za-z0-9._+~-]{0,199}\z", RegexOptions.CultureInvariant)]
    private static partial Regex SafeName();
}
