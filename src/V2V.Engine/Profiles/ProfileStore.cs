using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace V2V.Engine.Profiles;

/// <summary>The profiles of a folder, one JSON file each. Names are found whatever their case.</summary>
/// <param name="directory">The folder. It is made when the first profile is saved.</param>
/// <param name="scope">Whose profiles they are.</param>
public sealed class ProfileStore(string directory, ProfileScope scope = ProfileScope.CurrentUser)
{
    /// <summary>Names another folder than the usual one for the machine's profiles, by its full path.</summary>
    public const string MachineFolderVariable = "V2V_MACHINE_PROFILES";

    private const UnixFileMode ReadableByAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>A profile is a few hundred bytes; a file beyond this is something else.</summary>
    private const int MaximumLength = 1 << 20;

    private const int MaximumNameLength = 64;

    private const string Extension = ".json";

    /// <summary>Network names may hold any letter; the file is for people and never becomes part of a web page.</summary>
    private static readonly JsonTypeInfo<ConversionProfile> Json = new ProfileJson(
        new JsonSerializerOptions(ProfileJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }).ConversionProfile;

    /// <summary>The user's own profiles: $XDG_CONFIG_HOME/v2v/profiles, or v2v/profiles in the user's application data.</summary>
    public static ProfileStore ForUser()
    {
        var configuration = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME");
        if (!Path.IsPathFullyQualified(configuration ?? ""))
        {
            // The XDG specification says that a relative value is to be ignored.
            configuration = Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        }

        return new ProfileStore(Path.Combine(configuration!, "v2v", "profiles"));
    }

    /// <summary>
    /// The machine's profiles, for all its users: /etc/v2v/profiles, on Windows v2v\profiles in ProgramData, or what
    /// <see cref="MachineFolderVariable"/> says.
    /// </summary>
    public static ProfileStore ForMachine()
    {
        var folder = Environment.GetEnvironmentVariable(MachineFolderVariable);
        if (!Path.IsPathFullyQualified(folder ?? ""))
        {
            folder = OperatingSystem.IsWindows()
                ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "v2v", "profiles")
                : "/etc/v2v/profiles";
        }

        return new ProfileStore(folder!, ProfileScope.AllUsers);
    }

    public static ProfileStore For(ProfileScope scope) => scope == ProfileScope.AllUsers ? ForMachine() : ForUser();

    public string Directory { get; } = directory;

    public ProfileScope Scope { get; } = scope;

    /// <summary>Names of the stored profiles, sorted. Empty when the folder does not exist or cannot be read.</summary>
    public IReadOnlyList<string> Names()
    {
        try
        {
            return [.. new DirectoryInfo(Directory).EnumerateFiles("*" + Extension)
                .Select(file => Path.GetFileNameWithoutExtension(file.Name))
                .Where(name => FindNameFault(name) is null)
                .Order(StringComparer.OrdinalIgnoreCase)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <exception cref="ProfileException">There is no such profile, or its file is malformed.</exception>
    public ConversionProfile Load(string name) => Read(PathOfExisting(name));

    /// <summary>The profile of this name; null when there is none.</summary>
    /// <exception cref="ProfileException">It cannot be the name of a profile, or its file is malformed.</exception>
    public ConversionProfile? TryLoad(string name)
    {
        CheckName(name);
        return Find(name) is { } path ? Read(path) : null;
    }

    private ConversionProfile Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Length > MaximumLength)
            {
                throw Invalid(path, $"it has {file.Length} bytes, and a profile has at most {MaximumLength}");
            }

            var profile = JsonSerializer.Deserialize(File.ReadAllBytes(path), Json) ?? throw Invalid(path, "it holds only 'null'");
            return profile.FindConflict() is { } conflict
                ? throw Invalid(path, conflict)
                : profile with { Name = Path.GetFileNameWithoutExtension(path), Path = path, Scope = Scope };
        }
        catch (JsonException e)
        {
            // The serializer appends its own "Path: ... | LineNumber: ..." to the message, counted from zero.
            var message = e.Message.Split(" Path: ")[0];
            throw Invalid(path, e.LineNumber is { } line ? $"line {line + 1}: {message}" : message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Invalid(path, e.Message, e);
        }
    }

    /// <summary>Stores a profile, whole or not at all, and returns it with its file's path.</summary>
    /// <exception cref="ProfileException">The name is taken, the settings exclude each other, or the folder cannot be written.</exception>
    public ConversionProfile Save(ConversionProfile profile, bool overwrite = false)
    {
        ArgumentNullException.ThrowIfNull(profile);
        CheckName(profile.Name);
        var existing = Find(profile.Name);
        if (existing is not null && !overwrite)
        {
            throw new ProfileException(V2VError.ProfileExists, $"The profile '{profile.Name}' exists already: {existing}.")
            {
                Path = existing,
                Advice = "Choose another name, or replace it with -Force.",
            };
        }

        var path = existing ?? PathOf(profile.Name);
        if (profile.FindConflict() is { } conflict)
        {
            throw Invalid(path, conflict);
        }

        try
        {
            System.IO.Directory.CreateDirectory(Directory);
            Write(path, JsonSerializer.SerializeToUtf8Bytes(profile, Json), overwrite);
            return profile with { Path = path, Scope = Scope };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteFailed($"The profile '{profile.Name}' cannot be written to {path}: {e.Message}", path, e);
        }
    }

    /// <summary>Removes a profile, which need not be well-formed.</summary>
    /// <exception cref="ProfileException">There is no such profile, or it cannot be removed.</exception>
    public void Remove(string name)
    {
        var path = PathOfExisting(name);
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteFailed($"The profile {path} cannot be removed: {e.Message}", path, e);
        }
    }

    /// <summary>Writes beside the file and gives it its name when it is on the disk, so that nobody ever reads half of it.</summary>
    private void Write(string path, byte[] json, bool overwrite)
    {
        var temporary = Path.Combine(Directory, $".{Guid.NewGuid():N}.new");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (Scope == ProfileScope.AllUsers && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = ReadableByAll;
        }

        try
        {
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(json);
                stream.Write("\n"u8);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private ProfileException WriteFailed(string message, string path, Exception inner) => new(V2VError.ProfileWriteFailed, message, inner)
    {
        Path = path,
        Advice = Scope == ProfileScope.AllUsers
            ? "Profiles of all users are an administrator's: run as one, or use -Scope CurrentUser."
            : "Check the folder's permissions, or point XDG_CONFIG_HOME to another one.",
    };

    private string PathOfExisting(string name)
    {
        CheckName(name);
        return Find(name) ?? throw new ProfileException(V2VError.ProfileNotFound, $"There is no profile '{name}' in {Directory}.")
        {
            Path = PathOf(name),
            Advice = Names() is { Count: > 0 } names ? $"Profiles there: {string.Join(", ", names)}." : "Make one with New-V2VProfile.",
        };
    }

    private string PathOf(string name) => Path.Combine(Directory, name + Extension);

    private string? Find(string name) =>
        File.Exists(PathOf(name)) ? PathOf(name) : Names().FirstOrDefault(n => n.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } found ? PathOf(found) : null;

    private void CheckName(string name)
    {
        if (FindNameFault(name) is { } fault)
        {
            throw new ProfileException(V2VError.ProfileInvalid, $"'{name}' cannot be the name of a profile: {fault}.")
            {
                Path = Directory,
                Advice = "Use letters, digits, '-', '_' and '.', beginning with a letter or digit.",
            };
        }
    }

    private static string? FindNameFault(string name) => name switch
    {
        "" => "it is empty",
        { Length: > MaximumNameLength } => $"it has more than {MaximumNameLength} characters",
        _ when !char.IsLetterOrDigit(name[0]) => $"it begins with '{name[0]}'",
        _ when name.Any(IsForbidden) => $"it contains '{name.First(IsForbidden)}'",
        _ => null,
    };

    private static bool IsForbidden(char c) => !char.IsLetterOrDigit(c) && c is not ('-' or '_' or '.');

    private static ProfileException Invalid(string path, string fault, Exception? inner = null) =>
        new(V2VError.ProfileInvalid, $"The profile {path} cannot be used: {fault.TrimEnd('.')}.", inner)
        {
            Path = path,
            Format = "JSON",
            Advice = "Correct the file, or make it anew with New-V2VProfile -Force.",
        };
}
