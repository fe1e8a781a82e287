using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Runs;

/// <summary>Sets and removes tags of a run. The tag <c>mlflow.runName</c> is the run's name.</summary>
internal static class SetTagSlice
{
    public static Decision Decide(Run run, IReadOnlyDictionary<string, string> sent)
    {
        if (Rules.Active(run) is { } deleted)
            return deleted;
        var events = new List<object>();
        var news = sent.Where(t => t.Key != Mlflow.RunNameTag && run.Tags.GetValueOrDefault(t.Key) != t.Value).ToDictionary(StringComparer.Ordinal);
        if (news.Count > 0)
            events.Add(new TagsSet(news));
        if (sent.GetValueOrDefault(Mlflow.RunNameTag) is { Length: > 0 } name && (name != run.Name || run.Tags.GetValueOrDefault(Mlflow.RunNameTag) != name))
            events.Add(new RunRenamed(name));
        return events.Count == 0 ? Nothing : Accept([.. events]);
    }

    public static Decision Remove(Run run, string key)
    {
        if (Rules.Active(run) is { } deleted)
            return deleted;
        return run.Tags.ContainsKey(key) ? Accept(new TagRemoved(key)) : Mlflow.Unknown($"No tag with name: {key} in run with id {Run.IdOf(run.Id)}");
    }

    public static async Task<IResult> Handle(Sent<EntryMessage> sent, Caller caller, RunJournal journal, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (Rules.Named(message.RunId, message.RunUuid, out var run) is { } badRun)
            return new Refused(badRun);
        if (Rules.Tag("", new(message.Key!, message.Value!), out var value) is { } bad)
            return new Refused(bad);
        var tag = new Dictionary<string, string>(StringComparer.Ordinal) { [message.Key!] = value };
        var outcome = await journal.Commit(new(run, caller.Origin, state => Decide(state, tag)) { Tags = tag.Keys }, cancellation);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Empty;
    }

    public static async Task<IResult> HandleRemove(Sent<EntryMessage> sent, Caller caller, RunJournal journal, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (Rules.Named(message.RunId, message.RunUuid, out var run) is { } badRun)
            return new Refused(badRun);
        if (string.IsNullOrEmpty(message.Key))
            return new Refused(Mlflow.Missing("key"));
        var outcome = await journal.Commit(new(run, caller.Origin, state => Remove(state, message.Key)) { Tags = [message.Key] }, cancellation);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Empty;
    }
}
