using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Sources;

namespace V2V.PowerShell.Tests;

public sealed class ErrorRecordsTests
{
    public static TheoryData<V2VError> Every => [.. Enum.GetValues<V2VError>()];

    [Theory]
    [MemberData(nameof(Every))]
    public void Every_error_of_the_engine_has_its_id_and_a_category(V2VError error)
    {
        var record = ErrorRecords.From(new V2VException(error, "What happened.") { Path = "/where", Advice = "What to do." }, target: null);

        Assert.Equal(error.ToString(), record.FullyQualifiedErrorId);
        Assert.NotEqual(ErrorCategory.NotSpecified, record.CategoryInfo.Category);
        Assert.Equal("/where", record.TargetObject);
        Assert.Equal("What happened.", record.ErrorDetails.Message);
        Assert.Equal("What to do.", record.ErrorDetails.RecommendedAction);
    }

    [Fact]
    public void An_error_about_a_guest_names_it()
    {
        var guest = new SourceGuest { Name = "web01", SourceKind = "VMX", Path = "/web01.vmx" };
        var record = ErrorRecords.From(new V2VException(V2VError.TargetFull, "No room."), guest);
        Assert.Equal("web01: No room.", record.ErrorDetails.Message);
        Assert.Same(guest, record.TargetObject);
    }

    [Fact]
    public void A_dry_run_names_every_blocker_and_each_advice_once()
    {
        var assessment = new GuestAssessment
        {
            Source = new SourceGuest { Name = "web01", SourceKind = "VMX", Path = "/web01.vmx" },
            Concerns =
            [
                new(ConcernSeverity.Critical, "FileSystemNotClean", "First.", "Shut it down."),
                new(ConcernSeverity.Warning, "Two", "Only a warning."),
                new(ConcernSeverity.Critical, "Three", "Second.", "Shut it down."),
            ],
        };
        var record = ErrorRecords.Blocked(assessment);
        Assert.Equal("FileSystemNotClean", record.FullyQualifiedErrorId);
        Assert.Equal("web01: First. Second.", record.ErrorDetails.Message);
        Assert.Equal("Shut it down.", record.ErrorDetails.RecommendedAction);
    }
}
