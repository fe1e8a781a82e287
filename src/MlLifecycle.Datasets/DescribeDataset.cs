using Marten;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Datasets;

/// <summary>Says anew what good data means for a dataset: what is given replaces what was, the rest stays.</summary>
public sealed record DescribeDataset(
    string? Description = null, LabelDefinition? Label = null, FeedbackPlan? Feedback = null, IReadOnlyList<ImportantCase>? Cases = null);

/// <summary>The dataset's description in full, as it is from now on.</summary>
public sealed record Described(
    Guid DatasetId, string Name, string Modality, string Description, LabelDefinition? Label, FeedbackPlan? Feedback, IReadOnlyList<ImportantCase> Cases);

public static class DescribeDatasetSlice
{
    public static Decision Decide(Dataset dataset, DescribeDataset describe)
    {
        if (!dataset.Registered)
            return Dataset.Unknown(dataset.Name);
        if (RegisterDatasetSlice.CheckDescription(describe.Description, describe.Label, describe.Feedback, describe.Cases) is { } refusal)
            return refusal;
        var after = new Described(
            dataset.Id,
            dataset.Name,
            dataset.Modality,
            describe.Description ?? dataset.Description,
            describe.Label ?? dataset.Label,
            describe.Feedback ?? dataset.Feedback,
            describe.Cases ?? dataset.Cases);
        return after.Description == dataset.Description && after.Label == dataset.Label && after.Feedback == dataset.Feedback && after.Cases.SequenceEqual(dataset.Cases)
            ? Nothing
            : Accept(after);
    }

    public static async Task<IResult> Handle(
        string dataset, DescribeDataset command, Caller caller, IDocumentSession session, IfMatch ifMatch, CancellationToken ct)
    {
        if (await session.FindDataset(caller, dataset, ct) is not { } found)
            return new Refused(Dataset.Unknown(dataset));
        var outcome = await session.Decide<Dataset>(found.Id, caller.Origin, d => Decide(d, command), ct, ifMatch);
        return outcome.ToResult(d => TypedResults.Ok(DatasetView.Of(d)));
    }
}
