using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Runs;

internal sealed class RunModelMessage
{
    public string? ModelId { get; init; }

    public long? Step { get; init; }
}

/// <summary>What links a run to the data it used, and to the logged models it used or made. The same data (by name and digest), or the same model each way, count once.</summary>
internal static class RunLinks
{
    public static Decision Decide(Run run, IReadOnlyList<Input> inputs, IReadOnlyList<RunModel> models)
    {
        if (Rules.Active(run) is { } deleted)
            return deleted;
        var data = inputs.ExceptBy(run.Inputs.Select(input => (input.Name, input.Digest)), input => (input.Name, input.Digest)).ToList();
        var linked = models.ExceptBy(run.Models.Select(model => (model.ModelId, model.Output)), model => (model.ModelId, model.Output)).ToList();
        List<object> events = [];
        if (data.Count > 0)
            events.Add(new InputsLogged(data));
        if (linked.Count > 0)
            events.Add(new ModelsLinked(linked));
        return events.Count == 0 ? Nothing : Accept([.. events]);
    }

    public static Refusal? Check(IReadOnlyList<RunModelMessage> sent, bool output, out List<RunModel> models)
    {
        models = [];
        for (var i = 0; i < sent.Count; i++)
        {
            if (string.IsNullOrEmpty(sent[i].ModelId))
                return Mlflow.Missing($"models[{i}].model_id");
            if (Names.TooLong($"models[{i}].model_id", sent[i].ModelId, Names.Key) is { } tooLong)
                return tooLong;
            models.Add(new(sent[i].ModelId!, output, output ? sent[i].Step ?? 0 : 0));
        }

        return null;
    }

    public static async Task<IResult> Commit(
        Guid run, IReadOnlyList<Input> inputs, IReadOnlyList<RunModel> models, Caller caller, RunJournal journal, CancellationToken cancellation)
    {
        var outcome = await journal.Commit(new(run, caller.Origin, state => Decide(state, inputs, models)) { Whole = true }, cancellation);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Empty;
    }
}
