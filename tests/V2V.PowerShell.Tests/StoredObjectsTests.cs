using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using V2V.Engine;
using V2V.Engine.Sources;

namespace V2V.PowerShell.Tests;

/// <summary>What becomes of the module's objects in Export-Clixml, ConvertTo-Json, jobs and remoting.</summary>
[Collection(ProfilesCollection.Name)]
public sealed class StoredObjectsTests : IDisposable
{
    /// <summary>What Export-Clixml takes when nothing else is said.</summary>
    private const int ClixmlDepth = 2;

    private readonly Session _session = new();

    public static TheoryData<string> Kinds => ["guest", "assessment", "result", "profile"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Everything_is_stored_down_to_the_last_property(string kind)
    {
        var live = PSObject.AsPSObject(Make(kind));

        var stored = Store(live);

        Assert.Equal($"Deserialized.{live.BaseObject.GetType().FullName}", stored.TypeNames[0]);
        Dictionary<string, string> before = [], after = [];
        Walk("", live, before);
        Walk("", stored, after);
        Assert.Equal(before.Select(p => $"{p.Key} = {p.Value}").Order(), after.Select(p => $"{p.Key} = {p.Value}").Order());
        Assert.True(before.Count >= 10, string.Join(", ", before.Keys));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Nothing_but_plain_data_is_public(string kind)
    {
        Dictionary<string, string> leaves = [];
        Walk("", PSObject.AsPSObject(Make(kind)), leaves);
        // A graph that leads on to what is open would be thousands of properties.
        Assert.True(leaves.Count < 2000, leaves.Count.ToString(CultureInfo.InvariantCulture));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Stored_objects_are_shown_like_live_ones(string kind)
    {
        var live = Make(kind);
        using var other = new Session();
        Assert.Equal(Table(_session.Render(live)), Table(other.Render(Store(PSObject.AsPSObject(live)))));
    }

    [Fact]
    public void A_stored_guest_can_be_converted()
    {
        var guest = Make("guest");
        var result = _session.Run(
            "param($g, $o) $g | Invoke-V2VConversion -OutputDirectory $o", Store(PSObject.AsPSObject(guest)), Path.Combine(_session.Folder, "out")).Only<ConversionResult>();
        Assert.Equal(((SourceGuest)guest).Name, result.Name);
    }

    [Fact]
    public void Assessments_can_be_converted_live_and_stored()
    {
        var outcome = _session.Run(
            """
            param($p, $o, $a) Test-V2VGuest $p | Where-Object Convertible | Invoke-V2VConversion -OutputDirectory $o
            $a | Invoke-V2VConversion -OutputDirectory $o -Name again
            """, Repository.SampleGuest, Path.Combine(_session.Folder, "out"), Store(PSObject.AsPSObject(Make("assessment"))));
        Assert.Equal(2, outcome.All<ConversionResult>().Count);
    }

    /// <summary>ConvertTo-Json -Depth 6 | ConvertFrom-Json, but for the cmdlets, which the engine alone has not.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Everything_is_kept_as_JSON(string kind)
    {
        Dictionary<string, string> before = [], after = [];
        var live = PSObject.AsPSObject(Make(kind));
        Walk("", live, before);
        Walk("", FromJson(JsonNode.Parse(ToJson(live)!.ToJsonString())), after);
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
    }

    [Theory]
    [InlineData("guest", "Test-V2VGuest")]
    [InlineData("assessment", "Test-V2VGuest")]
    [InlineData("guest", "Get-V2VSourceGuest")]
    public void A_JSON_text_can_be_piped_back(string kind, string command)
    {
        var text = ToJson(PSObject.AsPSObject(Make(kind)))!.ToJsonString();
        var output = _session.Run($"param($g) $WarningPreference = 'SilentlyContinue'; $g | {command}", FromJson(JsonNode.Parse(text))).Only<object>();
        Assert.Equal("debian12", PSObject.AsPSObject(output).Properties["Name"].Value);
        Assert.NotEqual(false, PSObject.AsPSObject(output).Properties["Convertible"]?.Value);
    }

    /// <summary>ConvertTo-Json writes numbers for enumerations, unless told otherwise, and has no types.</summary>
    [Fact]
    public void A_guest_that_was_a_JSON_text_can_be_tested()
    {
        var path = Guests.WriteSataVmx(_session.Folder, "web01");
        var assessment = _session.Run(
            "param($p) [pscustomobject]@{ Name = 'other'; SourceKind = 'VMX'; Path = $p; CpuCount = 3; MemoryMiB = 512; Firmware = 1; Disks = @() } | Test-V2VGuest -AsIs", path)
            .Only<GuestAssessment>();
        Assert.Equal(("other", 3, 512, Firmware.Uefi), (assessment.Source.Name, assessment.Source.CpuCount, assessment.Source.MemoryMiB, assessment.Source.Firmware));
    }

    [Fact]
    public void A_row_of_a_table_can_be_converted_at_once()
    {
        Guests.WriteSataVmx(_session.Folder, "web01");
        var result = _session.Run(
            "param($f) [pscustomobject]@{ Path = \"$f/web*.vmx\"; Name = 'first'; MemoryMiB = '4,096' } | Invoke-V2VConversion -OutputDirectory $f/out -AsIs", _session.Folder)
            .Only<ConversionResult>();
        Assert.Equal(("first", 4096), (result.Name, result.Assessment.Source.MemoryMiB));
    }

    [Fact]
    public void What_is_no_guest_is_an_error_and_the_next_has_its_turn()
    {
        var path = Guests.WriteSataVmx(_session.Folder, "web01");
        var outcome = _session.Run("param($p) [pscustomobject]@{ Colour = 'red' }, $p | Test-V2VGuest -AsIs", path);
        Assert.Equal("InputNotUnderstood", outcome.ErrorId);
        Assert.Single(outcome.Output);
    }

    public void Dispose() => _session.Dispose();

    private object Make(string kind) => _session.Run(
        kind switch
        {
            "guest" => "param($p) Get-V2VSourceGuest $p",
            "assessment" => "param($p) Test-V2VGuest $p -WarningAction SilentlyContinue",
            "result" => "param($p, $o) Invoke-V2VConversion $p -OutputDirectory $o -Network default",
            _ => "param($p, $o) New-V2VProfile stored -OutputDirectory $o -Format Raw -NetworkMap @{ a = 'bridge:br0' } -Description text -Force",
        }, Repository.SampleGuest, Path.Combine(_session.Folder, "out")).All<object>().Single();

    private PSObject Store(PSObject live)
    {
        // The depth that the module's types ask for is known to its runspace only.
        var text = _session.Run("param($o, $d) [Management.Automation.PSSerializer]::Serialize($o, $d)", live, ClixmlDepth).Only<string>();
        return PSObject.AsPSObject(PSSerializer.Deserialize(text));
    }

    /// <summary>As ConvertTo-Json writes: every property, enumerations as numbers.</summary>
    private static JsonNode? ToJson(object? value) => Plain(value) switch
    {
        null => null,
        Enum number => JsonValue.Create(Convert.ToInt64(number, CultureInfo.InvariantCulture)),
        string text => JsonValue.Create(text),
        bool flag => JsonValue.Create(flag),
        double number => JsonValue.Create(number),
        ValueType number when number.GetType().IsPrimitive => JsonValue.Create(Convert.ToInt64(number, CultureInfo.InvariantCulture)),
        Guid or TimeSpan or DateTime => JsonValue.Create(Plain(value)!.ToString()),
        IEnumerable items => new JsonArray([.. items.Cast<object?>().Select(ToJson)]),
        var other => new JsonObject(PSObject.AsPSObject(other).Properties.Where(p => p.MemberType is not (PSMemberTypes.PropertySet or PSMemberTypes.MemberSet))
            .Select(p => KeyValuePair.Create(p.Name, ToJson(p.Value)))),
    };

    /// <summary>As ConvertFrom-Json reads.</summary>
    private static object? FromJson(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray items:
                return items.Select(FromJson).ToArray();
            case JsonObject members:
                var made = new PSObject();
                foreach (var (name, value) in members)
                {
                    made.Properties.Add(new PSNoteProperty(name, FromJson(value)));
                }

                return made;
            default:
                return node?.GetValueKind() switch
                {
                    JsonValueKind.String => node.GetValue<string>(),
                    JsonValueKind.True => true,
                    JsonValueKind.False => false,
                    JsonValueKind.Number => node.AsValue().TryGetValue(out long number) ? number : node.GetValue<double>(),
                    _ => null,
                };
        }
    }

    private static object? Plain(object? value) => value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;

    private static string Table(string rendered) => Regex.Replace(rendered.Trim(), " +", " ");

    /// <summary>What ConvertTo-Json would write: every public property, to any depth.</summary>
    private static void Walk(string path, object? value, Dictionary<string, string> leaves)
    {
        Assert.True(path.Length < 400, path);
        var plain = Plain(value);
        switch (plain)
        {
            case null:
                return;
            case Delegate or Stream or IntPtr or Task or Exception:
                Assert.Fail($"{path} is a {plain.GetType()}");
                return;
            case Enum:
                leaves[path] = plain.ToString()!;
                return;
            case string or bool or Guid or TimeSpan or DateTime or int or long or double or uint or ulong or short or byte or ushort:
                // A stored enumeration keeps its name as its text.
                leaves[path] = value is PSObject text ? text.ToString() : Convert.ToString(plain, CultureInfo.InvariantCulture)!;
                return;
            case IEnumerable items:
                var i = 0;
                foreach (var item in items)
                {
                    Walk($"{path}[{i++}]", item, leaves);
                }

                return;
        }

        foreach (var property in PSObject.AsPSObject(value).Properties.Where(p => p.MemberType is not (PSMemberTypes.PropertySet or PSMemberTypes.MemberSet)))
        {
            Walk($"{path}.{property.Name}", property.Value, leaves);
        }
    }
}
