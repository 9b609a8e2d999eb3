using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.LibvirtXml;

/// <summary>The devices other than drives and network adapters: those that are carried over, and those that are lost.</summary>
internal static class LibvirtXmlDevices
{
    /// <summary>Sound devices that QEMU has too.</summary>
    private static readonly string[] SoundModels = ["ac97", "es1370", "ich6", "ich9", "sb16"];

    /// <summary>Every domain gets display, keyboard, serial port and agent channel anew; a guest would miss only these.</summary>
    private static readonly (string Element, string What)[] NotCarriedOver =
    [
        ("filesystem", "a folder of its host, which it mounts"),
        ("shmem", "memory that it shares with other guests"),
        ("watchdog", "a watchdog"),
        ("smartcard", "a smart card reader"),
        ("parallel", "a parallel port"),
    ];

    public static bool HasTpm(XElement devices, List<Concern> concerns)
    {
        var hasTpm = devices.Child("tpm") is not null;
        if (hasTpm)
        {
            concerns.Add(SourceConcerns.TpmContentsStay);
        }

        return hasTpm;
    }

    /// <summary>The first display, if it was shown to others.</summary>
    public static SourceDisplay? ReadDisplay(XElement devices)
    {
        if (devices.Child("graphics") is not { } graphics || Kind(graphics.AttributeText("type")) is not { } kind)
        {
            return null;
        }

        var listen = graphics.Child("listen")?.AttributeText("address") ?? graphics.AttributeText("listen");
        int? port = graphics.AttributeText("autoport") == "no"
            && int.TryParse(graphics.AttributeText("port"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= ushort.MaxValue
            ? number : null;
        return new SourceDisplay(kind, listen, port, graphics.AttributeText("keymap"));

        static DisplayKind? Kind(string? type) => type switch
        {
            "vnc" => DisplayKind.Vnc,
            "spice" => DisplayKind.Spice,
            "rdp" => DisplayKind.Rdp,
            "sdl" or "desktop" => DisplayKind.Window,
            _ => null,
        };
    }

    public static string? ReadSound(XElement devices, List<Concern> concerns)
    {
        if (devices.Child("sound")?.AttributeText("model") is not { } model)
        {
            return null;
        }

        if (SoundModels.Contains(model))
        {
            return model;
        }

        concerns.Add(new Concern(ConcernSeverity.Warning, "SoundIgnored", $"The sound device \"{model}\" is not carried over; the converted guest gets none."));
        return null;
    }

    public static IEnumerable<Concern> Lost(XElement devices)
    {
        if (devices.Children("hostdev").Any() || devices.Children("interface").Any(i => i.AttributeText("type") == "hostdev"))
        {
            yield return new Concern(
                ConcernSeverity.Warning, "PassthroughIgnored", "The guest uses devices of its host; the converted guest does not get them.");
        }

        foreach (var (element, what) in NotCarriedOver)
        {
            if (devices.Child(element) is not null)
            {
                yield return new Concern(ConcernSeverity.Warning, "DeviceIgnored", $"The guest has {what}; the converted guest does not get it.");
            }
        }
    }
}
