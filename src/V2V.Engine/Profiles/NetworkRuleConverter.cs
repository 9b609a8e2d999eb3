using System.Text.Json;
using System.Text.Json.Serialization;

namespace V2V.Engine.Profiles;

/// <summary>
/// A rule as a person writes it: <c>{ "source": "VM Network", "network": "default" }</c> or <c>{ "bridge": "br0" }</c>, where a missing
/// source stands for every network that no other rule names.
/// </summary>
internal sealed class NetworkRuleConverter : JsonConverter<NetworkRule>
{
    /// <summary>A null is no rule; without this it would pass as one.</summary>
    public override bool HandleNull => true;

    public override NetworkRule Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("A network rule must be an object with 'network' or 'bridge'.");
        }

        string? source = null, network = null, bridge = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var property = reader.GetString();
            reader.Read();
            if (reader.TokenType != JsonTokenType.String || reader.GetString() is not { Length: > 0 } value)
            {
                throw new JsonException($"The value of '{property}' in a network rule must be a text that is not empty.");
            }

            ref var slot = ref source;
            switch (property)
            {
                case "source":
                    break;
                case "network":
                    slot = ref network;
                    break;
                case "bridge":
                    slot = ref bridge;
                    break;
                default:
                    throw new JsonException($"A network rule has no '{property}'; it has 'source', and 'network' or 'bridge'.");
            }

            if (slot is not null)
            {
                throw new JsonException($"A network rule has '{property}' twice.");
            }

            slot = value;
        }

        return (network is null) == (bridge is null)
            ? throw new JsonException("A network rule must have either 'network' or 'bridge'.")
            : new NetworkRule(source, bridge is not null, network ?? bridge!);
    }

    public override void Write(Utf8JsonWriter writer, NetworkRule value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        if (value.SourceNetwork is not null)
        {
            writer.WriteString("source", value.SourceNetwork);
        }

        writer.WriteString(value.IsBridge ? "bridge" : "network", value.Target);
        writer.WriteEndObject();
    }
}
