using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Marten;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Evaluation;

/// <summary>A judge of traces that a team keeps under a name in an experiment, version by version.</summary>
/// <param name="Id">The stream.</param>
public sealed record Scorer(Guid Id) : IFolded<Scorer>
{
    public Guid ProjectId { get; init; }

    /// <summary>The experiment's number in its project.</summary>
    public long Experiment { get; init; }

    public string Name { get; init; } = "";

    /// <summary>How many versions there have been.</summary>
    public int Count { get; init; }

    public ImmutableSortedDictionary<int, ScorerVersion> Versions { get; init; } = ImmutableSortedDictionary<int, ScorerVersion>.Empty;

    public static Scorer Initial(Guid id) => new(id);

    public static Guid IdOf(Guid project, long experiment, string name)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{project:N}\nscorer\n{experiment}\n{name}")));
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80); // version 8: a digest of the owner's making (RFC 9562)
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return new Guid(digest.AsSpan(0, 16), bigEndian: true);
    }

    public Scorer Evolve(object @event) => @event switch
    {
        ScorerRegistered e => this with
        {
            ProjectId = e.ProjectId,
            Experiment = e.Experiment,
            Name = e.Name,
            Count = e.Version,
            Versions = Versions.SetItem(e.Version, new(e.Content, e.Time)),
        },
        ScorerDeleted e => this with { Versions = Versions.RemoveRange(e.Versions) },
        _ => this,
    };
}

/// <summary>One version of a scorer.</summary>
/// <param name="Content">The scorer, in the client's own words.</param>
/// <param name="Time">Milliseconds since 1970.</param>
public sealed record ScorerVersion(string Content, long Time);

public sealed record ScorerRegistered(Guid ProjectId, long Experiment, string Name, int Version, string Content, long Time);

public sealed record ScorerDeleted(IReadOnlyList<int> Versions);

internal sealed class ScorerMessage
{
    public string? ExperimentId { get; init; }

    public string? Name { get; init; }

    public string? SerializedScorer { get; init; }

    public long? Version { get; init; }
}

/// <summary>Registers, lists and deletes scorers.</summary>
internal static class ScorerSlice
{
    private const int Content = 1_000_000;

    /// <summary>A new version, unless the newest says the same already.</summary>
    public static Decision Register(Scorer scorer, Guid project, long experiment, string name, string content, long now) =>
        scorer.Versions.TryGetValue(scorer.Count, out var newest) && newest.Content == content
            ? Nothing
            : Accept(new ScorerRegistered(project, experiment, name, scorer.Count + 1, content, now));

    public static Decision Delete(Scorer scorer, int? version) => version is { } one
        ? scorer.Versions.ContainsKey(one) ? Accept(new ScorerDeleted([one])) : Unknown(scorer.Name, scorer.Versions.Count > 0 ? one : null, scorer.Experiment)
        : scorer.Versions.Count > 0 ? Accept(new ScorerDeleted([.. scorer.Versions.Keys])) : Unknown(scorer.Name, null, scorer.Experiment);

    public static async Task<IResult> HandleRegister(
        Sent<ScorerMessage> sent, Caller caller, ExperimentRows experiments, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var message = sent.Message;
        if ((string.IsNullOrEmpty(message.Name) ? Mlflow.Missing("name")
            : string.IsNullOrEmpty(message.SerializedScorer) ? Mlflow.Missing("serialized_scorer")
            : Names.TooLong("name", message.Name, 256) ?? Names.TooLong("serialized_scorer", message.SerializedScorer, Content)) is { } bad)
            return new Refused(bad);
        var (experiment, refusal) = await Experiment(message, caller, experiments, cancellation);
        if (experiment is null)
            return new Refused(refusal!);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var outcome = await session.Decide<Scorer>(
            Scorer.IdOf(caller.ProjectId, experiment.Number, message.Name!),
            caller.Origin,
            scorer => Register(scorer, caller.ProjectId, experiment.Number, message.Name!, message.SerializedScorer!, now),
            cancellation);
        if (outcome.Refusal is not null)
            return new Refused(outcome.Refusal);
        var registered = outcome.State.Versions[outcome.State.Count];
        return Answer.Of(new
        {
            Version = outcome.State.Count,
            scorer_id = outcome.State.Id.ToString("N"),
            experiment_id = experiment.Id,
            Name = message.Name,
            serialized_scorer = registered.Content,
            creation_time = registered.Time,
        });
    }

    public static async Task<IResult> HandleList(Sent<ScorerMessage> sent, Caller caller, ExperimentRows experiments, IQuerySession session, CancellationToken cancellation)
    {
        var (experiment, refusal) = await Experiment(sent.Message, caller, experiments, cancellation);
        if (experiment is null)
            return new Refused(refusal!);
        var scorers = await session.Query<Scorer>().Where(s => s.ProjectId == caller.ProjectId && s.Experiment == experiment.Number).ToListAsync(cancellation);
        return Answer.Of(new { Scorers = Answer.OrNone([.. scorers.Where(s => s.Versions.Count > 0).OrderBy(s => s.Name, StringComparer.Ordinal).Select(s => Message(s, s.Versions.Keys.Max()))]) });
    }

    public static Task<IResult> HandleVersions(Sent<ScorerMessage> sent, Caller caller, ExperimentRows experiments, IQuerySession session, CancellationToken cancellation) =>
        Read(sent.Message, caller, experiments, session, scorer => Answer.Of(new { Scorers = scorer.Versions.Keys.Select(v => Message(scorer, v)) }), cancellation);

    public static Task<IResult> HandleGet(Sent<ScorerMessage> sent, Caller caller, ExperimentRows experiments, IQuerySession session, CancellationToken cancellation) => Read(
        sent.Message,
        caller,
        experiments,
        session,
        scorer => (sent.Message.Version ?? scorer.Versions.Keys.Max()) is var version && version <= int.MaxValue && scorer.Versions.ContainsKey((int)version)
            ? Answer.Of(new { Scorer = Message(scorer, (int)version) })
            : new Refused(Unknown(scorer.Name, version, scorer.Experiment)),
        cancellation);

    public static async Task<IResult> HandleDelete(
        Sent<ScorerMessage> sent, Caller caller, ExperimentRows experiments, IDocumentSession session, CancellationToken cancellation)
    {
        var (experiment, refusal) = await Experiment(sent.Message, caller, experiments, cancellation);
        if (experiment is null)
            return new Refused(refusal!);
        if (string.IsNullOrEmpty(sent.Message.Name))
            return new Refused(Mlflow.Missing("name"));
        if (sent.Message.Version is < 1 or > int.MaxValue)
            return new Refused(Unknown(sent.Message.Name, sent.Message.Version, experiment.Number));
        var outcome = await session.Decide<Scorer>(
            Scorer.IdOf(caller.ProjectId, experiment.Number, sent.Message.Name),
            caller.Origin,
            scorer => Delete(scorer.Count == 0 ? scorer with { Name = sent.Message.Name, Experiment = experiment.Number } : scorer, (int?)sent.Message.Version),
            cancellation);
        return outcome.Refusal is { } unknown ? new Refused(unknown) : Answer.Empty;
    }

    private static Refusal Unknown(string name, long? version, long experiment) => Mlflow.Unknown(string.Create(
        CultureInfo.InvariantCulture, $"Scorer with name '{Names.Cut(name, 200)}'{(version is { } number ? $" and version {number}" : "")} not found for experiment {experiment}."));

    private static async Task<IResult> Read(
        ScorerMessage message, Caller caller, ExperimentRows experiments, IQuerySession session, Func<Scorer, IResult> answer, CancellationToken cancellation)
    {
        var (experiment, refusal) = await Experiment(message, caller, experiments, cancellation);
        if (experiment is null)
            return new Refused(refusal!);
        if (string.IsNullOrEmpty(message.Name))
            return new Refused(Mlflow.Missing("name"));
        return await session.LoadAsync<Scorer>(Scorer.IdOf(caller.ProjectId, experiment.Number, message.Name), cancellation) is { Versions.Count: > 0 } scorer
            ? answer(scorer)
            : new Refused(Unknown(message.Name, null, experiment.Number));
    }

    private static async Task<(ExperimentRow? Row, Refusal? Refusal)> Experiment(ScorerMessage message, Caller caller, ExperimentRows experiments, CancellationToken cancellation) =>
        string.IsNullOrEmpty(message.ExperimentId) ? (null, Mlflow.Missing("experiment_id"))
        : await experiments.Find(caller.ProjectId, message.ExperimentId, cancellation) is { Deleted: false } row ? (row, null)
        : (null, Mlflow.UnknownExperiment(message.ExperimentId));

    private static object Message(Scorer scorer, int version) => new
    {
        experiment_id = scorer.Experiment.ToString(CultureInfo.InvariantCulture),
        scorer_name = scorer.Name,
        scorer_version = version,
        scorer_id = scorer.Id.ToString("N"),
        serialized_scorer = scorer.Versions[version].Content,
        creation_time = scorer.Versions[version].Time,
    };
}
