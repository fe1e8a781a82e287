using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Catalog;

internal sealed class ExperimentMessage
{
    public string? ExperimentId { get; init; }

    public string? NewName { get; init; }

    public string? Key { get; init; }

    public string? Value { get; init; }
}

/// <summary>Renames, deletes and restores experiments. A deleted experiment keeps its name and its runs, which are deleted as long as it is and come back with it.</summary>
internal static class ChangeExperimentSlice
{
    // They share commits.
    private const int RunsAtOnce = 64;

    public static Decision Rename(Experiment experiment, string name, long now) => experiment switch
    {
        { Deleted: true } => Refuse(400, "INVALID_STATE", "Cannot rename a non-active experiment."),
        _ when experiment.Name == name => Nothing,
        _ => Accept(new ExperimentRenamed(name, now)),
    };

    public static Decision Delete(Experiment experiment, long now) => experiment.Deleted
        ? Mlflow.Unknown($"No active experiment with id={experiment.Number} exists: it is deleted already.")
        : Accept(new ExperimentDeleted(now));

    public static Decision Restore(Experiment experiment, long now) => experiment.Deleted
        ? Accept(new ExperimentRestored(now))
        : Mlflow.Unknown($"No deleted experiment with id={experiment.Number} exists: it is active.");

    public static async Task<IResult> HandleRename(
        Sent<ExperimentMessage> sent, Caller caller, ExperimentRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        if (Names.CheckExperimentName("new_name", sent.Message.NewName) is { } bad)
            return new Refused(bad);
        var name = sent.Message.NewName!;
        return await Change(sent, caller, rows, session, e => Rename(e, name, Now(clock)), () => CreateExperimentSlice.Taken(name, deleted: false), cancellation);
    }

    public static Task<IResult> HandleDelete(
        Sent<ExperimentMessage> sent, Caller caller, ExperimentRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) =>
        Change(sent, caller, rows, session, e => Delete(e, Now(clock)), null, cancellation);

    /// <summary>With all of its runs, as MLflow does; those first, so that what was interrupted can be said again.</summary>
    public static async Task<IResult> HandleRestore(
        Sent<ExperimentMessage> sent, Caller caller, ExperimentRows rows, RunJournal journal, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        if (await rows.Find(caller.ProjectId, sent.Message.ExperimentId, cancellation) is { Deleted: true } row)
        {
            await Parallel.ForEachAsync(
                await rows.DeletedRuns(row, cancellation),
                new ParallelOptions { MaxDegreeOfParallelism = RunsAtOnce, CancellationToken = cancellation },
                async (run, token) => await journal.Commit(new(run, caller.Origin, DeleteRunSlice.Restore), token));
        }

        return await Change(sent, caller, rows, session, e => Restore(e, Now(clock)), null, cancellation);
    }

    public static async Task<IResult> Change(
        Sent<ExperimentMessage> sent,
        Caller caller,
        ExperimentRows rows,
        IDocumentSession session,
        Func<Experiment, Decision> decide,
        Func<Refusal>? taken,
        CancellationToken cancellation)
    {
        var id = sent.Message.ExperimentId;
        if (string.IsNullOrEmpty(id))
            return new Refused(Mlflow.Missing("experiment_id"));
        if (await rows.Find(caller.ProjectId, id, cancellation) is not { } row)
            return new Refused(Mlflow.UnknownExperiment(id));
        var outcome = await session.Decide<Experiment>(row.Stream, caller.Origin, decide, cancellation, alongside: ExperimentRows.Write);
        return outcome.Refusal switch
        {
            null => Answer.Empty,
            { Code: "already-exists" } when taken is not null => new Refused(taken()),
            var refusal => new Refused(refusal),
        };
    }

    public static long Now(TimeProvider clock) => clock.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>Tags of an experiment.</summary>
internal static class ExperimentTagSlice
{
    public static Refusal? Check(string keyParameter, string? key, string valueParameter, string? value) =>
        Names.CheckKey(keyParameter, key) ?? Names.TooLong(valueParameter, value, Names.ExperimentTagValue);

    public static Decision Set(Experiment experiment, string key, string value, long now) => experiment switch
    {
        { Deleted: true } => NotActive(experiment),
        _ when experiment.Tags.GetValueOrDefault(key) == value => Nothing,
        _ => Accept(new ExperimentTagSet(key, value, now)),
    };

    public static Decision Remove(Experiment experiment, string key, long now) => experiment switch
    {
        { Deleted: true } => NotActive(experiment),
        _ when !experiment.Tags.ContainsKey(key) => Mlflow.Unknown($"No tag with name: {key} in experiment with id {experiment.Number}"),
        _ => Accept(new ExperimentTagRemoved(key, now)),
    };

    public static async Task<IResult> HandleSet(
        Sent<ExperimentMessage> sent, Caller caller, ExperimentRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var (key, value) = (sent.Message.Key, sent.Message.Value ?? "");
        return Check("key", key, "value", value) is { } bad
            ? new Refused(bad)
            : await ChangeExperimentSlice.Change(sent, caller, rows, session, e => Set(e, key!, value, ChangeExperimentSlice.Now(clock)), null, cancellation);
    }

    public static async Task<IResult> HandleRemove(
        Sent<ExperimentMessage> sent, Caller caller, ExperimentRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var key = sent.Message.Key;
        return string.IsNullOrEmpty(key)
            ? new Refused(Mlflow.Missing("key"))
            : await ChangeExperimentSlice.Change(sent, caller, rows, session, e => Remove(e, key, ChangeExperimentSlice.Now(clock)), null, cancellation);
    }

    private static Refusal NotActive(Experiment experiment) =>
        Mlflow.Invalid($"The experiment {experiment.Number} must be in the 'active' state. Current state is deleted.");
}
