using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace V2V.Engine.Tests.Volumes.Lvm;

/// <summary>Parts of a volume group's text as lvm2 writes them, for groups that lvm2 makes only with the device mapper. vgcfgrestore checks them.</summary>
internal static class LvmTestMetadata
{
    internal static string Linear(string physical, int extent) => $"type = \"striped\"\nstripe_count = 1\nstripes = [ \"{physical}\", {extent} ]";

    internal static string Volume(string name, int extents, string segment, string flags = "\"VISIBLE\"", string compatible = "")
    {
        var id = "A1b2c3-A1b2-c3A1-b2c3-A1b2-c3A1-" + Convert.ToHexString(SHA256.HashData(Encoding.Latin1.GetBytes(name)))[..6];
        return $"{name} {{\nid = \"{id}\"\nstatus = [ \"READ\", \"WRITE\"{(flags.Length > 0 ? ", " : "")}{flags} ]\nflags = [ {compatible} ]\nsegment_count = 1\n"
            + string.Create(CultureInfo.InvariantCulture, $"segment1 {{\nstart_extent = 0\nextent_count = {extents}\n{segment}\n}}\n}}\n");
    }

    internal static string Hidden(string name, int extents, string segment) => Volume(name, extents, segment, flags: "");

    /// <summary>The group's text with these logical volumes besides those that it has.</summary>
    internal static string Add(string text, params string[] volumes) =>
        text.Replace("logical_volumes {", "logical_volumes {\n" + string.Concat(volumes), StringComparison.Ordinal);
}
