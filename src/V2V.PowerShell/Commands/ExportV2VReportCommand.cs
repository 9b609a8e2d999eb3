using System.Management.Automation;
using V2V.PowerShell.Reports;

namespace V2V.PowerShell.Commands;

/// <summary>Writes what was found about guests, and what became of them, as one page of HTML that refers to nothing outside itself.</summary>
[Cmdlet(VerbsData.Export, "V2VReport", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(FileInfo))]
public sealed class ExportV2VReportCommand : V2VCommand
{
    private readonly Dictionary<(string, string), ReportGuest> _guests = [];

    /// <summary>The file. Its folder has to be there.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Assessments, results and errors of conversions, mixed, also ones that were stored.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [AllowEmptyCollection]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>The page's headline.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Title { get; set; } = "Virtual machines to KVM";

    /// <summary>Writes over a file that is read-only.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Keeps a file that is there already: that is an error then.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Returns the file.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        foreach (var input in InputObject)
        {
            if (ReportGuest.From(input) is { } guest)
            {
                _guests[guest.Key] = _guests.TryGetValue(guest.Key, out var known) ? known.With(guest) : guest;
            }
            else
            {
                WriteError(ErrorRecords.NotForReport(input));
            }
        }
    }

    protected override void EndProcessing()
    {
        var file = new FileInfo(ResolveLiteral(Path));
        var page = HtmlReport.Write(Title, DateTimeOffset.Now, [.. _guests.Values]);
        if (ShouldProcess(file.FullName, $"Write a report about {_guests.Count} guests") && Try(file.FullName, () => Write(file, page), out _) && PassThru)
        {
            file.Refresh();
            WriteObject(file);
        }
    }

    /// <exception cref="IOException">It cannot be written, or is there already and -NoClobber was given.</exception>
    private bool Write(FileInfo file, string page)
    {
        if (Force && file is { Exists: true, IsReadOnly: true })
        {
            file.IsReadOnly = false;
        }

        using var writer = new StreamWriter(file.Open(NoClobber ? FileMode.CreateNew : FileMode.Create, FileAccess.Write));
        writer.Write(page);
        return true;
    }
}
