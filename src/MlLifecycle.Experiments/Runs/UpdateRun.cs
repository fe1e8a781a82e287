using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Runs;

/// <summary>Renames a run, or says how it stands: with a terminal status it has ended.</summary>
public sealed record UpdateRun(RunStatus? Status, long? EndTime, string? Name);

internal sealed class UpdateRunMessage
{
    public string? RunId { get; init; }

    public string? RunUuid { get; init; }

    public RunStatus? Status { get; init; }

    public long? EndTime { get; init; }

    public string? RunName { get; init; }
}

internal static class UpdateRunSlice
{
    /// <summary>As much of a run as its ending tells the other services.</summary>
    private const int Told = 1000;

    public static Decision Decide(Run run, UpdateRun update)
    {
        if (Rules.Active(run) is { } deleted)
            return deleted;
        var events = new List<object>();
        if (update.Name is { Length: > 0 } name && (name != run.Name || run.Tags.GetValueOrDefault(Mlflow.RunNameTag) != name))
            events.Add(new RunRenamed(name));
        var (status, end) = (update.Status ?? run.Status, update.EndTime ?? run.EndTime);
        if ((status, end) != (run.Status, run.EndTime))
            events.Add(IsEnd(status) ? End(run, status, end, update.Name is { Length: > 0 } ? update.Name : run.Name) : new StatusSet(status, end));
        return events.Count == 0 ? Nothing : Accept([.. events]);
    }

    public static async Task<IResult> Handle(Sent<UpdateRunMessage> sent, Caller caller, RunJournal journal, RunReader reader, CancellationToken cancellation)
    {
        var message = sent.Message;
        if ((Rules.Named(message.RunId, message.RunUuid, out var run) ?? Names.TooLong("run_name", message.RunName, Names.RunName)) is { } bad)
            return new Refused(bad);
        var update = new UpdateRun(message.Status, message.EndTime, message.RunName);
        var outcome = await journal.Commit(
            new(run, caller.Origin, state => Decide(state, update)) { Tags = [Mlflow.RunNameTag], Whole = message.Status is { } status && IsEnd(status) },
            cancellation);
        if (outcome.Refusal is { } refusal)
            return new Refused(refusal);
        return await reader.One(caller.ProjectId, run, cancellation) is { } record
            ? Answer.Of(new { run_info = record.Info })
            : new Refused(Mlflow.UnknownRun(Run.IdOf(run)));
    }

    public static bool IsEnd(RunStatus status) => status is RunStatus.Finished or RunStatus.Failed or RunStatus.Killed;

    private static RunEnded End(Run run, RunStatus status, long? end, string name) => new(
        Run.IdOf(run.Id),
        status,
        end,
        name,
        run.ExperimentName,
        run.Params.GetValueOrDefault("algorithm") ?? run.Tags.GetValueOrDefault("algorithm"),
        run.Params.OrderBy(p => p.Key, StringComparer.Ordinal).Take(Told).ToDictionary(StringComparer.Ordinal),
        run.Metrics.Values.Where(m => double.IsFinite(m.Value)).OrderBy(m => m.Key, StringComparer.Ordinal).Take(Told).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal),
        [.. run.Inputs.Take(Told).Select(i => new UsedData(i.Name, i.Digest, i.Context ?? ""))]);
}
