using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Runs;

internal sealed class EntryMessage
{
    public string? RunId { get; init; }

    public string? RunUuid { get; init; }

    public string? Key { get; init; }

    public string? Value { get; init; }
}

/// <summary>Records a parameter of a run. Once recorded it does not change.</summary>
internal static class LogParamSlice
{
    public static Decision Decide(Run run, IReadOnlyDictionary<string, string> sent)
    {
        if (Rules.Active(run) is { } deleted)
            return deleted;
        foreach (var (key, value) in sent)
        {
            if (run.Params.TryGetValue(key, out var present) && present != value)
            {
                return Mlflow.Invalid(
                    $"Changing param values is not allowed. Param with key='{key}' was already logged with value={Mlflow.Quoted(present)} for run ID='{Run.IdOf(run.Id)}'. "
                    + $"Attempted logging new value {Mlflow.Quoted(value)}.");
            }
        }

        var news = sent.Where(p => !run.Params.ContainsKey(p.Key)).ToDictionary(StringComparer.Ordinal);
        return news.Count == 0 ? Nothing : Accept(new ParamsLogged(news));
    }

    public static async Task<IResult> Handle(Sent<EntryMessage> sent, Caller caller, RunJournal journal, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (Rules.Named(message.RunId, message.RunUuid, out var run) is { } badRun)
            return new Refused(badRun);
        if (Rules.Param("", new(message.Key!, message.Value!), out var value) is { } bad)
            return new Refused(bad);
        var param = new Dictionary<string, string>(StringComparer.Ordinal) { [message.Key!] = value };
        var outcome = await journal.Commit(new(run, caller.Origin, state => Decide(state, param)) { Params = param.Keys }, cancellation);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Empty;
    }
}
