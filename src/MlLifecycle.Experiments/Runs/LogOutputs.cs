using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Runs;

internal sealed class LogOutputsMessage
{
    public string? RunId { get; init; }

    public IReadOnlyList<RunModelMessage>? Models { get; init; }
}

internal sealed class RunModelMessage
{
    public string? ModelId { get; init; }

    public long? Step { get; init; }
}

/// <summary>Says which logged models a run made, and which it used. The same model counts once, each way.</summary>
internal static class LogOutputsSlice
{
    public static Decision Decide(Run run, IReadOnlyList<RunModel> sent)
    {
        if (Rules.Active(run) is { } deleted)
            return deleted;
        var known = run.Models.Select(m => (m.ModelId, m.Output)).ToHashSet();
        var news = sent.Where(m => known.Add((m.ModelId, m.Output))).ToList();
        return news.Count == 0 ? Nothing : Accept(new ModelsLinked(news));
    }

    public static Refusal? Check(IReadOnlyList<RunModelMessage>? sent, bool output, out List<RunModel> models)
    {
        models = [];
        for (var i = 0; i < sent?.Count; i++)
        {
            if (string.IsNullOrEmpty(sent[i].ModelId))
                return Mlflow.Missing($"models[{i}].model_id");
            if (Names.TooLong($"models[{i}].model_id", sent[i].ModelId, Names.Key) is { } tooLong)
                return tooLong;
            models.Add(new(sent[i].ModelId!, output, output ? sent[i].Step ?? 0 : 0));
        }

        return null;
    }

    public static async Task<IResult> Handle(Sent<LogOutputsMessage> sent, Caller caller, RunJournal journal, CancellationToken cancellation)
    {
        if (Rules.Named(sent.Message.RunId, null, out var run) is { } badRun)
            return new Refused(badRun);
        if (Check(sent.Message.Models, output: true, out var models) is { } bad)
            return new Refused(bad);
        var outcome = await journal.Commit(new(run, caller.Origin, state => Decide(state, models)) { Whole = true }, cancellation);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Empty;
    }
}
