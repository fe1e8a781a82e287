using MlLifecycle.Contracts;
using MlLifecycle.ErrorAnalysis.Evaluations;
using MlLifecycle.ErrorAnalysis.Tags;

namespace MlLifecycle.ErrorAnalysis;

/// <summary>What ErrorAnalysis tells the other services.</summary>
public static class Announcements
{
    public static IntegrationEvent? Of(object @event) => @event switch
    {
        EvaluationRecorded e => new EvaluationCompleted(
            Evaluation.IdOf(e.ProjectId, e.Ask.Name), e.Ask.Name, e.Ask.Run, e.Ask.Dataset, e.Ask.Version, e.Facts.Examples, e.Facts.Errors,
            TagTable.Share(e.Facts.Examples - e.Facts.Errors, e.Facts.Examples), e.Facts.Tags.Count),
        TagPrioritySet e => new TagPrioritized(e.EvaluationId, e.Evaluation, e.Tag, e.Priority, e.Open, e.Gain, e.Notes ?? ""),
        _ => null,
    };
}
