namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Keeps the hardware detection of Red Hat's distributions up to 5 from starting: it would ask at the console what to do about the new
/// hardware, and put the network's configuration aside.
/// </summary>
public sealed class DisableKudzu : LinuxStep
{
    public override string Name => "Disabling kudzu";

    public override void Apply(ConversionContext context)
    {
        foreach (var link in SysVStartLinks.Of(context.Files.Root, "kudzu"))
        {
            context.Files.Delete(link, "kudzu would take the new hardware for a replacement and ask about it at each step.");
        }
    }
}
