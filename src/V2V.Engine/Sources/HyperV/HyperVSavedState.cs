namespace V2V.Engine.Sources.HyperV;

/// <summary>Whether the memory of a suspended machine lies beside its settings.</summary>
internal static class HyperVSavedState
{
    public static bool Exists(SourceFile settings, HyperVFolder folder)
    {
        var name = Path.GetFileNameWithoutExtension(settings.Name);
        // Until 2012 R2 in a folder called after the machine's id; the memory's own file (.bin) is also there while a machine runs.
        if (folder.FindBeside($"{name}/{name}.vsv") is not null)
        {
            return true;
        }

        // Since 2016 every machine has a file of this kind, and a saved one more in it.
        if ((folder.FindBeside($"{name}.vmrs") ?? folder.FindBeside($"{name}.VMRS")) is not { } open)
        {
            return false;
        }

        try
        {
            using var file = open();
            return HyperVStorage.Read(file).Child("savedstate")?.Child("savedVM") is not null;
        }
        catch (V2VException)
        {
            return false; // Nothing of it is needed; what it may be is not worth an error.
        }
    }
}
