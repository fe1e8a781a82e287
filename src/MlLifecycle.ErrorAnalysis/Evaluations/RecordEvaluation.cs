using Marten;
using MlLifecycle.ErrorAnalysis.Tables;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.ErrorAnalysis.Evaluations;

/// <summary>Records an evaluation: a table of predictions under a name, and what model and data it is of.</summary>
/// <param name="Name">Its name in the project.</param>
/// <param name="Upload">SHA-256 of the table as it was sent.</param>
/// <param name="Columns">Which columns hold what.</param>
/// <param name="Run">The run whose model made the predictions.</param>
/// <param name="Dataset">The dataset the examples are from.</param>
/// <param name="Version">The dataset version's number.</param>
public sealed record RecordEvaluation(string Name, string Upload, TableColumns Columns, string? Run = null, string? Dataset = null, int? Version = null)
{
    /// <summary>Whether another request asks for the same evaluation.</summary>
    public bool Same(RecordEvaluation other) =>
        this with { Columns = other.Columns } == other
        && Columns with { Tags = null } == other.Columns with { Tags = null }
        && (Columns.Tags ?? []).SequenceEqual(other.Columns.Tags ?? []);
}

public sealed record EvaluationRecorded(Guid ProjectId, RecordEvaluation Ask, TableFacts Facts, DateTimeOffset At, string By);

public static class RecordEvaluationSlice
{
    private static readonly string[] Known = ["name", "run", "dataset", "version", "label", "prediction", "id", "tags"];

    /// <summary>What can be decided before the table is read: null when it must be.</summary>
    public static Decision? DecideUnread(Evaluation evaluation, RecordEvaluation ask)
    {
        if (evaluation.Ask is not { } recorded)
            return null;
        return recorded.Same(ask)
            ? Nothing // the same table again: a retry
            : Refuse(
                409, "evaluation-exists", $"There is an evaluation '{ask.Name}' of another table or with other parameters. Evaluations do not change: choose another name.");
    }

    public static Decision Decide(Evaluation evaluation, Guid project, RecordEvaluation ask, TableFacts facts, DateTimeOffset now, string actor) =>
        DecideUnread(evaluation, ask) ?? Accept(new EvaluationRecorded(project, ask, facts, now, actor));

    public static async Task<IResult> Handle(
        HttpRequest request, Caller caller, IDocumentSession session, TableStore store, EvaluationTables tables, TimeProvider clock, CancellationToken ct)
    {
        if (Parse(request, out var format, out var ask) is { } malformed)
            return new Refused(malformed);
        var (upload, refusal) = await store.Receive(request.Body, ct);
        if (upload is null)
            return new Refused(refusal!);
        using var received = upload;
        ask = ask with { Upload = upload.Digest };
        var id = Evaluation.IdOf(caller.ProjectId, ask.Name);
        var before = await session.LoadAsync<Evaluation>(id, ct) ?? Evaluation.Initial(id);
        TableFacts? facts = null;
        if (DecideUnread(before, ask) is null)
        {
            (facts, refusal) = await tables.Read(upload, format, ask.Columns, ct);
            if (facts is null)
                return new Refused(refusal!);
        }

        var outcome = await session.Decide<Evaluation>(
            id, caller.Origin, evaluation => Decide(evaluation, caller.ProjectId, ask, facts!, clock.GetUtcNow(), caller.Actor), ct);
        return outcome.ToResult(evaluation => TypedResults.Created($"/api/projects/{caller.Project}/evaluations/{id}", EvaluationView.Of(evaluation)));
    }

    private static Refusal? Parse(HttpRequest request, out TableFormat format, out RecordEvaluation ask)
    {
        (format, ask) = (default, new("", "", new()));
        string? Asked(string key) => request.Query[key].ToString().Trim() is { Length: > 0 } text ? text : null;

        if (request.Query.Keys.FirstOrDefault(key => !Known.Contains(key)) is { } unknown)
            return InvalidInput(unknown, $"is not a parameter of this route; it takes {string.Join(", ", Known)}.");
        if (Asked("name") is not { } name)
            return InvalidInput("name", "is missing: give the evaluation a name with ?name=.");
        if (name.Length > 200 || name.Any(char.IsControl) || name.Contains('/', StringComparison.Ordinal) || Guid.TryParse(name, out _))
            return InvalidInput("name", "must have at most 200 characters, no '/' and no control character, and not look like an id.");
        if (Known.Skip(1).FirstOrDefault(key => Asked(key)?.Length > 4000) is { } key)
            return InvalidInput(key, "is longer than 4000 characters.");
        int? version = null;
        if (Asked("version") is { } text)
        {
            if (!int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) || number < 1)
                return InvalidInput("version", $"must be the number of a dataset version, counted from 1; it is '{text}'.");
            if (Asked("dataset") is null)
                return InvalidInput("dataset", "is missing: a version is of a dataset.");
            version = number;
        }

        if (FormatOf(request.ContentType) is not { } known)
        {
            return new(415, "unsupported-media-type",
                $"Send the table with Content-Type text/csv, application/x-ndjson or application/vnd.apache.parquet{(request.ContentType is { } type ? $"; this is {type}" : "")}.");
        }

        format = known;
        var tags = Asked("tags")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct().ToArray();
        ask = new(name, "", new(Asked("label") ?? "label", Asked("prediction") ?? "prediction", Asked("id"), tags), Asked("run"), Asked("dataset"), version);
        return null;
    }

    private static TableFormat? FormatOf(string? contentType) => contentType?.Split(';')[0].Trim().ToLowerInvariant() switch
    {
        "text/csv" or "application/csv" or "text/tab-separated-values" => TableFormat.Csv,
        "application/x-ndjson" or "application/ndjson" or "application/jsonl" or "application/x-jsonlines" => TableFormat.Ndjson,
        "application/vnd.apache.parquet" or "application/x-parquet" => TableFormat.Parquet,
        _ => null,
    };
}
