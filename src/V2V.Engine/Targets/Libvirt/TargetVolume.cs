using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>A disk under construction in a pool. What it replaces is kept until the domain is defined.</summary>
internal abstract class TargetVolume
{
    /// <summary>What messages call it: its path where that is known.</summary>
    public abstract string Path { get; }

    public abstract ImageWriter Writer { get; }

    /// <summary>How the domain refers to it.</summary>
    public abstract DomainDiskSource Source { get; }

    /// <summary>Closes the finished image, which then is what <see cref="Source"/> says.</summary>
    public abstract void Finish(bool overwrite);

    /// <summary>Removes it and puts back what it had replaced.</summary>
    public abstract void Undo();

    /// <summary>Nothing will be taken back: removes what was replaced.</summary>
    public abstract void Keep();
}
