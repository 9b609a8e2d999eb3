using System.Text.Json;
using System.Text.Json.Serialization;

namespace V2V.Engine.Profiles;

/// <summary>How a profile is written down: strict about names and types, lenient about comments and trailing commas, which people write.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    AllowDuplicateProperties = false,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    RespectNullableAnnotations = true,
    WriteIndented = true,
    Converters = [typeof(NetworkRuleConverter)])]
[JsonSerializable(typeof(ConversionProfile))]
internal sealed partial class ProfileJson : JsonSerializerContext;
