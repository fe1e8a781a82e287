using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Runs;

internal sealed class RunMessage
{
    public string? RunId { get; init; }

    public string? RunUuid { get; init; }
}

/// <summary>Deletes runs so that they can be restored.</summary>
internal static class DeleteRunSlice
{
    public static Decision Delete(Run run) => run.Deleted ? Nothing : Accept(new RunDeleted());

    public static Decision Restore(Run run) => run.Deleted ? Accept(new RunRestored()) : Nothing;

    public static Task<IResult> HandleDelete(Sent<RunMessage> sent, Caller caller, RunJournal journal, CancellationToken cancellation) =>
        Handle(sent.Message, caller, journal, Delete, cancellation);

    public static Task<IResult> HandleRestore(Sent<RunMessage> sent, Caller caller, RunJournal journal, CancellationToken cancellation) =>
        Handle(sent.Message, caller, journal, Restore, cancellation);

    private static async Task<IResult> Handle(RunMessage message, Caller caller, RunJournal journal, Func<Run, Decision> decide, CancellationToken cancellation)
    {
        if (Rules.Named(message.RunId, message.RunUuid, out var run) is { } bad)
            return new Refused(bad);
        var outcome = await journal.Commit(new(run, caller.Origin, decide), cancellation);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Empty;
    }
}
