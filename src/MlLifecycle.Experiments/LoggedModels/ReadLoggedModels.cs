using System.Text.Json;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Search;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.LoggedModels;

internal sealed class SearchLoggedModelsMessage
{
    public IReadOnlyList<string>? ExperimentIds { get; init; }

    public string? Filter { get; init; }

    public IReadOnlyList<DatasetFilter>? Datasets { get; init; }

    public long? MaxResults { get; init; }

    public IReadOnlyList<OrderMessage>? OrderBy { get; init; }

    public string? PageToken { get; init; }
}

/// <summary>The data that metrics in a filter or an order are to be measured on.</summary>
internal sealed class DatasetFilter
{
    public string? DatasetName { get; init; }

    public string? DatasetDigest { get; init; }
}

internal sealed class OrderMessage
{
    public string? FieldName { get; init; }

    public bool? Ascending { get; init; }

    public string? DatasetName { get; init; }

    public string? DatasetDigest { get; init; }
}

internal sealed class ModelFilesMessage
{
    public string? ArtifactDirectoryPath { get; init; }

    public string? ArtifactFilePath { get; init; }

    public bool? AllowDeleted { get; init; }
}

/// <summary>Reads and searches logged models, and lists their files.</summary>
internal static class ReadLoggedModels
{
    private const int Usual = 100;
    private const int Most = 50_000;

    public static async Task<IResult> Get(string id, Sent<ModelFilesMessage> sent, Caller caller, LoggedModelRows rows, CancellationToken cancellation) =>
        LoggedModel.Parse(id) is { } model && await rows.Find(caller.ProjectId, model, cancellation, sent.Message.AllowDeleted ?? false) is { } row
            ? Answer.Of(new { Model = row.Message })
            : new Refused(ChangeLoggedModelSlice.Unknown(id));

    public static async Task<IResult> Files(string id, Sent<ModelFilesMessage> sent, Caller caller, LoggedModelRows rows, ArtifactStore store, CancellationToken cancellation)
    {
        if (LoggedModel.Parse(id) is not { } model || await rows.Find(caller.ProjectId, model, cancellation) is not { } row)
            return new Refused(ChangeLoggedModelSlice.Unknown(id));
        if (ArtifactStore.PathOf(row.ArtifactUri) is not { } root)
            return new Refused(ArtifactRoutes.Elsewhere(row.ArtifactUri));
        var path = ArtifactStore.ListedAs(sent.Message.ArtifactDirectoryPath);
        if (path.Length > 0 && ArtifactStore.Check(path) is { } bad)
            return new Refused(bad);
        return Answer.Of(new
        {
            root_uri = row.ArtifactUri,
            Files = Answer.OrNone([.. store.List(caller.ProjectId, ArtifactRoutes.Join(root, path)).Select(entry => entry with { Path = ArtifactRoutes.Join(path, entry.Path) })]),
        });
    }

    public static async Task<IResult> File(
        string id, Sent<ModelFilesMessage> sent, Caller caller, HttpContext http, LoggedModelRows rows, ArtifactStore store, CancellationToken cancellation)
    {
        var path = sent.Message.ArtifactFilePath;
        if (string.IsNullOrEmpty(path))
            return new Refused(Mlflow.Missing("artifact_file_path"));
        if (ArtifactStore.Check(path) is { } bad)
            return new Refused(bad);
        if (LoggedModel.Parse(id) is not { } model || await rows.Find(caller.ProjectId, model, cancellation) is not { } row)
            return new Refused(ChangeLoggedModelSlice.Unknown(id));
        if (ArtifactStore.PathOf(row.ArtifactUri) is not { } root)
            return new Refused(ArtifactRoutes.Elsewhere(row.ArtifactUri));
        return store.Find(caller.ProjectId, ArtifactRoutes.Join(root, path)) is { } file
            ? ArtifactRoutes.File(file, http)
            : new Refused(Mlflow.Unknown($"No such artifact: {Mlflow.Quoted(path)}"));
    }

    public static async Task<IResult> Search(
        Sent<SearchLoggedModelsMessage> sent, Caller caller, LoggedModelRows rows, NpgsqlDataSource source, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (message.ExperimentIds is not { Count: > 0 } ids)
            return new Refused(Mlflow.Missing("experiment_ids"));
        var limit = message.MaxResults ?? Usual;
        if (Mlflow.CheckMaxResults(limit, Most) is { } beyond)
            return new Refused(beyond);
        if (message.OrderBy?.FirstOrDefault(o => string.IsNullOrEmpty(o.FieldName)) is not null)
            return new Refused(Mlflow.Invalid("`field_name` in the `order_by` clause must be specified."));
        if (message.Datasets?.FirstOrDefault(d => string.IsNullOrEmpty(d.DatasetName)) is not null)
            return new Refused(Mlflow.Invalid("`dataset_name` in the `datasets` clause must be specified."));
        var order = (message.OrderBy ?? []).Select(o => $"{o.FieldName} {(o.Ascending ?? true ? "ASC" : "DESC")}").ToList();
        if (SearchWords.Read(message.Filter, order, Vocabulary.LoggedModels, out var clauses, out var orders) is { } wrong)
            return new Refused(wrong);

        var sql = new Sql();
        var terms = Terms(orders, message.OrderBy ?? [], sql);
        var datasets = (message.Datasets ?? []).Select(d => $"{d.DatasetName}\n{d.DatasetDigest}");
        var search = PageToken.Fingerprint([message.Filter, .. order, "", .. datasets, "", .. ids.Order(StringComparer.Ordinal)]);
        if (PageToken.Decode(message.PageToken, search, _ => terms.Count, out var token) is { } badToken)
            return new Refused(badToken);
        var numbers = ids.Select(ExperimentRows.NumberOf).OfType<long>().ToArray();
        var conditions = new List<string>
        {
            $"m.project = {sql.Add(caller.ProjectId)} AND m.experiment = ANY({sql.Add(numbers)}) AND NOT m.deleted",
            "NOT EXISTS (SELECT FROM tracking.experiments e WHERE e.project = m.project AND e.number = m.experiment AND e.deleted)",
        };
        conditions.Add(Sql.All(clauses, clause => Condition(clause, message.Datasets ?? [], sql)));
        // Without a metric to look at on these data, any that was measured on them will do.
        if (message.Datasets is { Count: > 0 } measured && !Experiments.Search.Condition.FieldsOf(clauses).Any(field => field.Subject == Subject.Metric))
            conditions.Add($"EXISTS (SELECT FROM tracking.model_metrics f WHERE f.model = m.id{On(measured, sql)})");
        if (token is not null)
        {
            if (Term.After(terms, token.After, sql) is not { } after)
                return new Refused(Mlflow.Invalid("Invalid page token."));
            conditions.Add(after);
        }

        var places = new List<JsonElement[]>();
        var found = new List<Guid>();
        await using (var reader = await sql.Search(
            source,
            $"SELECT m.id, {Term.Select(terms)} FROM tracking.logged_models m WHERE {string.Join(" AND ", conditions)} ORDER BY {Term.OrderBy(terms)} LIMIT {sql.Add(limit + 1)}",
            cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                found.Add(reader.GetGuid(0));
                places.Add(Term.Place(terms, reader, 1));
            }
        }

        var page = found.Take((int)limit).ToArray();
        await using var read = source.CreateCommand($"SELECT {LoggedModelRows.Columns} FROM tracking.logged_models m WHERE m.id = ANY($1) ORDER BY array_position($1, m.id)");
        read.Parameters.Add(new() { Value = page });
        return Answer.Of(new
        {
            Models = Answer.OrNone([.. (await rows.Whole(read, cancellation)).Select(m => m.Message)]),
            next_page_token = found.Count > limit ? new PageToken(search, 0, places[(int)limit - 1]).Encode() : null,
        });
    }

    private static string Condition(Clause clause, IReadOnlyList<DatasetFilter> datasets, Sql sql) => clause.Field.Subject switch
    {
        Subject.Metric when clause.Comparison is Comparison.IsNull or Comparison.IsNotNull =>
            $"{(clause.Comparison == Comparison.IsNull ? "NOT " : "")}EXISTS (SELECT FROM tracking.model_metrics f WHERE f.model = m.id AND f.key = {sql.Add(clause.Field.Key)})",
        Subject.Metric =>
            $"EXISTS (SELECT FROM tracking.model_metrics f WHERE f.model = m.id AND f.key = {sql.Add(clause.Field.Key)} AND {sql.Compare("f.value", clause)} AND f.value <> 'NaN'{On(datasets, sql)})",
        Subject.Param => sql.Compare($"(m.params ->> {sql.Add(clause.Field.Key)})", clause),
        Subject.Tag => sql.Compare($"(m.tags ->> {sql.Add(clause.Field.Key)})", clause),
        _ => sql.Compare(Column(clause.Field.Key), clause),
    };

    private static string On(IReadOnlyList<DatasetFilter> datasets, Sql sql) => datasets.Count == 0
        ? ""
        : " AND (" + string.Join(" OR ", datasets.Select(d =>
            $"({(string.IsNullOrEmpty(d.DatasetName) ? "true" : $"f.dataset_name = {sql.Add(d.DatasetName)}")}{(string.IsNullOrEmpty(d.DatasetDigest) ? "" : $" AND f.dataset_digest = {sql.Add(d.DatasetDigest)}")})")) + ")";

    // Numbers first, whatever the direction; what is not a number, or missing, last. Newest first among equals.
    private static List<Term> Terms(IReadOnlyList<Order> orders, IReadOnlyList<OrderMessage> sent, Sql sql)
    {
        var terms = new List<Term>();
        foreach (var (order, message) in orders.Zip(sent))
        {
            if (order.Field.Subject == Subject.Metric)
            {
                IReadOnlyList<DatasetFilter> on = string.IsNullOrEmpty(message.DatasetName) && string.IsNullOrEmpty(message.DatasetDigest) ? [] : [new() { DatasetName = message.DatasetName, DatasetDigest = message.DatasetDigest }];
                var value = $"(SELECT f.value FROM tracking.model_metrics f WHERE f.model = m.id AND f.key = {sql.Add(order.Field.Key)} AND f.value <> 'NaN'{On(on, sql)} ORDER BY f.timestamp_ms DESC, f.step DESC LIMIT 1)";
                terms.Add(new($"({value} IS NULL)::int::bigint", TermType.Whole));
                terms.Add(new($"coalesce({value}, 0)", TermType.Real, order.Descending));
            }
            else
            {
                var (expression, type) = order.Field.Subject switch
                {
                    Subject.Param => ($"coalesce(m.params ->> {sql.Add(order.Field.Key)}, '')", TermType.Text),
                    Subject.Tag => ($"coalesce(m.tags ->> {sql.Add(order.Field.Key)}, '')", TermType.Text),
                    _ => (Column(order.Field.Key), order.Field.Key is "creation_timestamp" or "last_updated_timestamp" ? TermType.Whole : TermType.Text),
                };
                terms.Add(new(expression, type, order.Descending));
            }
        }

        if (!orders.Any(o => o.Field == new Field(Subject.Attribute, "creation_timestamp")))
            terms.Add(new("m.created_ms", TermType.Whole, true));
        terms.Add(new("m.id", TermType.Id, true));
        return terms;
    }

    private static string Column(string attribute) => attribute switch
    {
        "model_id" => "('m-' || replace(m.id::text, '-', ''))",
        "name" => "m.name",
        "model_type" => "m.model_type",
        "status" => "regexp_replace(m.status, 'LOGGED_MODEL_(UPLOAD_)?', '')", // as clients show it: a failed upload is FAILED
        "source_run_id" => "m.source_run",
        "creation_timestamp" => "m.created_ms",
        _ => "m.updated_ms",
    };
}
