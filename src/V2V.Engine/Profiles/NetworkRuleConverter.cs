using System.Text.Json;
using System.Text.Json.Serialization;

namespace V2V.Engine.Profiles;

/// <summary>
/// A rule as a person writes it: <c>{ "source": "VM Network", "network": "default" }</c> or <c>{ "bridge": "br0" }</c>, where a missing
/// source stands for every network that no other rule names. <c>"sourceKind": "bridge"</c> makes it one for the source's bridges only, and
/// <c>"mac": "00:50:56:aa:bb:cc"</c> in place of a source one for a single adapter.
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

        string? source = null, kind = null, mac = null, network = null, bridge = null;
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
                case "sourceKind":
                    slot = ref kind;
                    break;
                case "mac":
                    slot = ref mac;
                    break;
                case "network":
                    slot = ref network;
                    break;
                case "bridge":
                    slot = ref bridge;
                    break;
                default:
                    throw new JsonException($"A network rule has no '{property}'; it has 'source', 'sourceKind' or 'mac', and 'network' or 'bridge'.");
            }

            if (slot is not null)
            {
                throw new JsonException($"A network rule has '{property}' twice.");
            }

            slot = value;
        }

        if ((network is null) == (bridge is null))
        {
            throw new JsonException("A network rule must have either 'network' or 'bridge'.");
        }

        if (mac is null)
        {
            return new NetworkRule(source, bridge is not null, network ?? bridge!) { SourceKind = Kind(kind) };
        }

        return (source ?? kind) is not null
            ? throw new JsonException("A network rule with 'mac' is for that adapter on whatever network, and has no 'source' or 'sourceKind'.")
            : NetworkRule.ForAdapter(mac, bridge is not null, network ?? bridge!) ?? throw new JsonException($"'{mac}' is no MAC address of an adapter.");
    }

    private static NetworkKind? Kind(string? text) => text switch
    {
        null => null,
        "network" => NetworkKind.Network,
        "bridge" => NetworkKind.Bridge,
        _ => throw new JsonException($"The 'sourceKind' of a network rule must be 'network' or 'bridge', not '{text}'."),
    };

    public override void Write(Utf8JsonWriter writer, NetworkRule value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        if (value.MacAddress is not null)
        {
            writer.WriteString("mac", value.MacAddress);
        }

        if (value.SourceNetwork is not null)
        {
            writer.WriteString("source", value.SourceNetwork);
        }

        if (value.SourceKind is { } kind)
        {
            writer.WriteString("sourceKind", kind == NetworkKind.Bridge ? "bridge" : "network");
        }

        writer.WriteString(value.IsBridge ? "bridge" : "network", value.Target);
        writer.WriteEndObject();
    }
}
