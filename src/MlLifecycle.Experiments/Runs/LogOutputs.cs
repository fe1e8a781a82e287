using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Runs;

internal sealed class LogOutputsMessage
{
    public string? RunId { get; init; }

    public IReadOnlyList<RunModelMessage>? Models { get; init; }
}

/// <summary>Says which logged models a run made.</summary>
internal static class LogOutputsSlice
{
    public static async Task<IResult> Handle(Sent<LogOutputsMessage> sent, Caller caller, RunJournal journal, CancellationToken cancellation)
    {
        if (Rules.Named(sent.Message.RunId, null, out var run) is { } badRun)
            return new Refused(badRun);
        return RunLinks.Check(sent.Message.Models ?? [], output: true, out var models) is { } bad
            ? new Refused(bad)
            : await RunLinks.Commit(run, [], models, caller, journal, cancellation);
    }
}
