using MlLifecycle.Experiments.LoggedModels;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Runs;

/// <summary>Adds one point to a metric of a run.</summary>
internal static class LogMetricSlice
{
    public static Decision Decide(Run run) => Rules.Active(run) is { } deleted ? deleted : Decision.Nothing;

    public static async Task<IResult> Handle(Sent<MetricMessage> sent, Caller caller, RunJournal journal, LoggedModelRows models, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (Rules.Named(message.RunId, message.RunUuid, out var run) is { } badRun)
            return new Refused(badRun);
        if (Rules.Point("", message, out var point) is { } bad)
            return new Refused(bad);
        if (point.Model is not null && await models.CheckMeasured(caller.ProjectId, [point], cancellation) is { } unknown)
            return new Refused(unknown);
        var outcome = await journal.Commit(new(run, caller.Origin, Decide) { Points = [point] }, cancellation);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Empty;
    }
}
