using System.Text.Json;
using System.Text.Json.Nodes;
using Marten;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Evaluation;

internal sealed class EvaluationMessage
{
    public string? Name { get; init; }

    public IReadOnlyList<string>? ExperimentIds { get; init; }

    /// <summary>A JSON object as text, as the protocol has it.</summary>
    public string? Tags { get; init; }

    public string? CreatedBy { get; init; }

    public string? UpdatedBy { get; init; }

    /// <summary>A JSON list as text.</summary>
    public string? Records { get; init; }

    public long? MaxResults { get; init; }

    public string? PageToken { get; init; }

    public string? FilterString { get; init; }

    public IReadOnlyList<string>? OrderBy { get; init; }
}

/// <summary>Evaluation datasets: their outlines on the log, their records in a table.</summary>
internal static class EvaluationDatasets
{
    public const int Most = 1000;
    public const int RecordsAtOnce = 10_000;

    public static Decision SetTags(EvaluationDataset dataset, IReadOnlyDictionary<string, string> sent, long now)
    {
        var news = sent.Where(t => dataset.Tags.GetValueOrDefault(t.Key) != t.Value).ToDictionary(StringComparer.Ordinal);
        return news.Count == 0 ? Nothing : Accept(new EvaluationDatasetTagsSet(news, now));
    }

    public static Decision RemoveTag(EvaluationDataset dataset, string key, long now) =>
        dataset.Tags.ContainsKey(key) ? Accept(new EvaluationDatasetTagRemoved(key, now)) : Nothing;

    public static async Task<IResult> Create(
        Sent<EvaluationMessage> sent, Caller caller, ExperimentRows experiments, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var message = sent.Message;
        if ((string.IsNullOrEmpty(message.Name) ? Mlflow.Missing("name") : Names.TooLong("name", message.Name, Names.DatasetName)) is { } bad)
            return new Refused(bad);
        if (Tags(message.Tags, out var tags) is { } badTags)
            return new Refused(badTags);
        var ids = message.ExperimentIds ?? [];
        var rows = await experiments.FindAll(caller.ProjectId, ids, cancellation);
        if (ids.FirstOrDefault(id => !rows.Any(row => row.Id == id)) is { } unknown)
            return new Refused(Mlflow.UnknownExperiment(unknown));
        var created = new EvaluationDatasetCreated(
            caller.ProjectId, message.Name!, [.. ids.Distinct()], tags, UserOf(tags) ?? (message.CreatedBy is { Length: > 0 } by ? by : caller.Actor), clock.GetUtcNow().ToUnixTimeMilliseconds());
        var outcome = await session.Decide<EvaluationDataset>(caller.NewId("evaluation-dataset"), caller.Origin, dataset => dataset.Active ? Nothing : Accept(created), cancellation);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Of(new { Dataset = outcome.State.Message });
    }

    public static Task<IResult> Get(string id, Caller caller, IDocumentSession session, CancellationToken cancellation) =>
        With(id, caller, session, dataset => Task.FromResult(Answer.Of(new { Dataset = dataset.Message })), cancellation);

    public static Task<IResult> Experiments(string id, Caller caller, IDocumentSession session, CancellationToken cancellation) =>
        With(id, caller, session, dataset => Task.FromResult(Answer.Of(new { experiment_ids = dataset.Experiments })), cancellation, () => Answer.Of(new { experiment_ids = Array.Empty<string>() }));

    public static Decision Share(EvaluationDataset dataset, IReadOnlyCollection<string> experiments, bool remove, string by, long now)
    {
        string[] after = remove ? [.. dataset.Experiments.Except(experiments)] : [.. dataset.Experiments.Union(experiments)];
        return after.Length == dataset.Experiments.Count ? Nothing : Accept(new EvaluationDatasetShared(after, by, now));
    }

    public static Task<IResult> AddExperiments(
        string id, Sent<EvaluationMessage> sent, Caller caller, ExperimentRows experiments, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) => With(
        id,
        caller,
        session,
        async dataset =>
        {
            var ids = sent.Message.ExperimentIds ?? [];
            var rows = await experiments.FindAll(caller.ProjectId, ids, cancellation);
            return ids.FirstOrDefault(asked => !rows.Any(row => row.Id == asked)) is { } unknown
                ? new Refused(Mlflow.UnknownExperiment(unknown))
                : await Commit(
                    dataset, caller, session, d => Share(d, [.. ids], remove: false, caller.Actor, clock.GetUtcNow().ToUnixTimeMilliseconds()), d => Answer.Of(new { Dataset = d.Message }), cancellation);
        },
        cancellation);

    public static Task<IResult> RemoveExperiments(
        string id, Sent<EvaluationMessage> sent, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) => With(
        id,
        caller,
        session,
        dataset => Commit(
            dataset,
            caller,
            session,
            d => Share(d, [.. sent.Message.ExperimentIds ?? []], remove: true, caller.Actor, clock.GetUtcNow().ToUnixTimeMilliseconds()),
            d => Answer.Of(new { Dataset = d.Message }),
            cancellation),
        cancellation);

    public static Task<IResult> Delete(string id, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) => With(
        id,
        caller,
        session,
        dataset => Commit(
            dataset, caller, session, d => d.Active ? Accept(new EvaluationDatasetDeleted(clock.GetUtcNow().ToUnixTimeMilliseconds())) : Nothing, _ => Answer.Empty, cancellation,
            (work, _) => work.QueueSqlCommand("DELETE FROM tracking.evaluation_records WHERE dataset = ?", dataset.Id)),
        cancellation,
        () => Answer.Empty);

    public static Task<IResult> HandleTags(string id, Sent<EvaluationMessage> sent, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) => With(
        id,
        caller,
        session,
        dataset => Tags(sent.Message.Tags, out var tags) is { } bad
            ? Task.FromResult<IResult>(new Refused(bad))
            : Commit(dataset, caller, session, d => SetTags(d, tags, clock.GetUtcNow().ToUnixTimeMilliseconds()), d => Answer.Of(new { Dataset = d.Message }), cancellation),
        cancellation,
        () => new Refused(Mlflow.Unknown($"Could not find evaluation dataset with ID {Names.Cut(id, 64)}")));

    public static Task<IResult> HandleRemoveTag(string id, string key, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) => With(
        id,
        caller,
        session,
        dataset => Commit(dataset, caller, session, d => RemoveTag(d, key, clock.GetUtcNow().ToUnixTimeMilliseconds()), _ => Answer.Empty, cancellation),
        cancellation,
        () => Answer.Empty);

    public static Task<IResult> Records(string id, Sent<EvaluationMessage> sent, Caller caller, IDocumentSession session, EvaluationRecords records, CancellationToken cancellation) => With(
        id,
        caller,
        session,
        async dataset =>
        {
            var limit = sent.Message.MaxResults ?? Most;
            if (Mlflow.CheckMaxResults(limit, RecordsAtOnce) is { } beyond)
                return new Refused(beyond);
            var search = PageToken.Fingerprint(id);
            if (PageToken.Decode(sent.Message.PageToken, search, _ => 1, out var token) is { } bad)
                return new Refused(bad);
            var after = token?.After[0].ValueKind == JsonValueKind.Number && token.After[0].TryGetInt64(out var last) ? last : 0;
            var found = await records.Read(dataset.Id, after, limit + 1, cancellation);
            return Answer.Of(new
            {
                Records = new JsonArray([.. found.Take((int)limit).Select(r => (JsonNode)r.Record)]).ToJsonString(),
                next_page_token = found.Count > limit ? new PageToken(search, 0, [JsonSerializer.SerializeToElement(found[(int)limit - 1].Position)]).Encode() : null,
            });
        },
        cancellation);

    private static Refusal? Tags(string? text, out Dictionary<string, string> tags)
    {
        tags = new(StringComparer.Ordinal);
        if (string.IsNullOrEmpty(text))
            return null;
        try
        {
            if (JsonNode.Parse(text) is not JsonObject sent)
                return Mlflow.Invalid("Invalid value for parameter 'tags' supplied: a JSON object is expected.");
            if (Storable.Check("tags", sent) is { } unstorable)
                return unstorable;
            // The client takes values of any type: what is no text is kept as JSON says it, and null leaves a tag as it is.
            foreach (var (key, value) in sent)
            {
                if (value is not null)
                    tags[key] = TextOf(value);
            }
        }
        catch (Exception malformed) when (malformed is JsonException or ArgumentException or InvalidOperationException)
        {
            return Mlflow.Invalid($"Invalid value for parameter 'tags' supplied: it is not valid JSON: {malformed.Message}");
        }

        return tags.Select(t => Names.TooLong("tags key", t.Key, Names.Key) ?? Names.TooLong($"tags.{t.Key}", t.Value, Names.TagValue)).FirstOrDefault(refusal => refusal is not null);
    }

    /// <summary>Who a client says wrote something: it knows the user where the server knows a token.</summary>
    public static string? UserOf(JsonNode? tags) => tags is JsonObject said && said["mlflow.user"] is { } user ? TextOf(user) : null;

    private static string? UserOf(Dictionary<string, string> tags) => tags.GetValueOrDefault("mlflow.user");

    private static string TextOf(JsonNode value) => value is JsonValue plain && plain.TryGetValue(out string? said) ? said : value.ToJsonString();

    /// <summary>Acts on a dataset of the caller's project.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="session">A session.</param>
    /// <param name="act">What is done with it.</param>
    /// <param name="cancellation">Cancels the work.</param>
    /// <param name="otherwise">The answer where there is no such dataset, when it is not that there is none.</param>
    public static async Task<IResult> With(
        string id, Caller caller, IDocumentSession session, Func<EvaluationDataset, Task<IResult>> act, CancellationToken cancellation, Func<IResult>? otherwise = null) =>
        EvaluationDataset.Parse(id) is { } dataset && await session.LoadAsync<EvaluationDataset>(dataset, cancellation) is { Active: true } present && present.ProjectId == caller.ProjectId
            ? await act(present)
            : otherwise?.Invoke() ?? new Refused(NotFound(id));

    public static Refusal NotFound(string id) => Mlflow.Unknown($"Evaluation dataset with id '{Names.Cut(id, 64)}' not found");

    private static async Task<IResult> Commit(
        EvaluationDataset dataset,
        Caller caller,
        IDocumentSession session,
        Func<EvaluationDataset, Decision> decide,
        Func<EvaluationDataset, IResult> answer,
        CancellationToken cancellation,
        Action<IDocumentSession, EvaluationDataset>? alongside = null)
    {
        var outcome = await session.Decide(dataset.Id, caller.Origin, decide, cancellation, alongside: alongside);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : answer(outcome.State);
    }
}
