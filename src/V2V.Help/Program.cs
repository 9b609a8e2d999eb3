using System.Text;
using V2V.Help;

const string Usage = """
    Usage: V2V.Help build PAGES FOLDER    makes the files that Get-Help reads of the Markdown pages
           V2V.Help update PAGES          writes the syntax and the properties of parameters into the pages, as the cmdlets have them
    """;

switch (args)
{
    case ["build", var pages, var folder]:
        Build(pages, folder);
        return 0;
    case ["update", var pages]:
        foreach (var cmdlet in Cmdlet.All)
        {
            var path = Path.Combine(pages, cmdlet.Name + ".md");
            var text = File.Exists(path) ? File.ReadAllText(path) : PageUpdate.NewPage(cmdlet);
            File.WriteAllText(path, PageUpdate.Apply(text, cmdlet));
        }

        return 0;
    default:
        Console.Error.WriteLine(Usage);
        return 64;
}

static void Build(string pages, string folder)
{
    Directory.CreateDirectory(folder);
    foreach (var path in Directory.GetFiles(pages, "about_*.md"))
    {
        // Windows' and PowerShell's own topics end with both.
        var topic = AboutTopic.Write(File.ReadAllText(path));
        File.WriteAllText(Path.Combine(folder, Path.GetFileNameWithoutExtension(path) + ".help.txt"), topic, new UTF8Encoding(false));
    }

    var read = Cmdlet.All.Where(cmdlet => File.Exists(Path.Combine(pages, cmdlet.Name + ".md")))
        .Select(cmdlet => (cmdlet, HelpPage.Parse(File.ReadAllText(Path.Combine(pages, cmdlet.Name + ".md")))));
    Maml.Write(Path.Combine(folder, "V2V.PowerShell.dll-Help.xml"), read);
}
