using System.Globalization;
using System.Text.Json;
using Marten;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Search;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Traces;

internal sealed class SearchTracesMessage
{
    public IReadOnlyList<LocationMessage>? Locations { get; init; }

    public IReadOnlyList<string>? ExperimentIds { get; init; }

    public string? Filter { get; init; }

    public long? MaxResults { get; init; }

    public IReadOnlyList<string>? OrderBy { get; init; }

    public string? PageToken { get; init; }
}

/// <summary>Finds traces.</summary>
internal static class SearchTracesSlice
{
    private const int Usual = 100;
    private const int Most = 500;
    private const string SourceRun = "mlflow.sourceRun";

    public static Task<IResult> Handle(Sent<SearchTracesMessage> sent, Caller caller, NpgsqlDataSource source, IQuerySession session, CancellationToken cancellation) =>
        Search(sent.Message, [.. (sent.Message.Locations ?? []).Select(l => l.MlflowExperiment?.ExperimentId ?? ""), .. sent.Message.ExperimentIds ?? []], TraceAnswers.Info, caller, source, session, cancellation);

    public static Task<IResult> HandleElder(Sent<SearchTracesMessage> sent, Caller caller, NpgsqlDataSource source, IQuerySession session, CancellationToken cancellation) =>
        Search(sent.Message, sent.Message.ExperimentIds ?? [], TraceAnswers.ElderInfo, caller, source, session, cancellation);

    public static async Task<IResult> Search(
        SearchTracesMessage message, IReadOnlyList<string> experiments, Func<Trace, object> write, Caller caller, NpgsqlDataSource source, IQuerySession session, CancellationToken cancellation)
    {
        if (experiments.Count == 0)
            return new Refused(Mlflow.Invalid("At least one experiment (locations or experiment_ids) must be specified."));
        var limit = message.MaxResults ?? Usual;
        if (Mlflow.CheckMaxResults(limit, Most) is { } beyond)
            return new Refused(beyond);
        if (SearchWords.Read(message.Filter, message.OrderBy, Vocabulary.Traces, out var clauses, out var orders) is { } wrong)
            return new Refused(wrong);
        if (orders.FirstOrDefault(o => o.Field.Subject is not (Subject.Attribute or Subject.Tag or Subject.Metadata)) is { } other)
            return new Refused(Mlflow.Invalid($"Invalid order_by entity: {other.Field.Subject.ToString().ToLowerInvariant()}."));
        var sql = new Sql();
        var terms = Terms(orders, sql);
        var search = PageToken.Fingerprint([message.Filter, .. message.OrderBy ?? [], "", .. experiments.Order(StringComparer.Ordinal)]);
        if (PageToken.Decode(message.PageToken, search, _ => terms.Count, out var token) is { } badToken)
            return new Refused(badToken);
        var conditions = Scope(caller.ProjectId, experiments, clauses, sql);
        if (token is not null)
        {
            if (Term.After(terms, token.After, sql) is not { } after)
                return new Refused(Mlflow.Invalid("Invalid page token."));
            conditions += $" AND {after}";
        }

        var found = new List<Guid>();
        JsonElement[]? last = null;
        await using (var reader = await sql.Search(
            source, $"SELECT t.stream, {Term.Select(terms)} FROM tracking.traces t WHERE {conditions} ORDER BY {Term.OrderBy(terms)} LIMIT {sql.Add(limit + 1)}", cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                found.Add(reader.GetGuid(0));
                if (found.Count == limit)
                    last = Term.Place(terms, reader, 1);
            }
        }

        var page = found.Take((int)limit).ToArray();
        var traces = (await session.LoadManyAsync<Trace>(cancellation, page)).ToDictionary(t => t.Id);
        return Answer.Of(new
        {
            Traces = Answer.OrNone([.. page.Where(traces.ContainsKey).Select(id => write(traces[id]))]),
            next_page_token = found.Count > limit && last is not null ? new PageToken(search, 0, last).Encode() : null,
        });
    }

    /// <summary>The condition for the traces of some experiments that a filter lets through.</summary>
    public static string Scope(Guid project, IReadOnlyList<string> experiments, IReadOnlyList<Condition> clauses, Sql sql)
    {
        var numbers = experiments.Select(ExperimentRows.NumberOf).OfType<long>().Distinct().ToArray();
        var conditions = new List<string>
        {
            $"t.project = {sql.Add(project)} AND {sql.IsOneOf("t.experiment", numbers)}",
            "NOT EXISTS (SELECT FROM tracking.experiments e WHERE e.project = t.project AND e.number = t.experiment AND e.deleted)",
        };
        conditions.Add(Sql.All(clauses, clause => Condition(clause, sql)));
        return string.Join(" AND ", conditions);
    }

    private static string Condition(Clause clause, Sql sql)
    {
        var key = clause.Field.Key;
        switch (clause.Field.Subject)
        {
            case Subject.Tag:
                return sql.Compare($"(t.tags ->> {sql.Add(key)})", clause);
            case Subject.Metadata when key == SourceRun:
            case Subject.Attribute when key == "run_id":
                // Made in the run, or linked to it afterwards.
                return clause is { Comparison: Comparison.Equal, Operand: string run }
                    ? $"(t.metadata ->> '{SourceRun}' = {sql.Add(run)} OR {sql.Add(run)} = ANY(t.runs))"
                    : sql.Compare($"(t.metadata ->> '{SourceRun}')", clause);
            case Subject.Metadata:
                return sql.Compare($"(t.metadata ->> {sql.Add(key)})", clause);
            case Subject.Span:
                return OfSpans(key, clause, sql);
            case Subject.Feedback or Subject.Expectation:
                var kind = clause.Field.Subject == Subject.Feedback ? "feedback" : "expectation";
                var has = $"EXISTS (SELECT FROM jsonb_array_elements(t.assessments) a WHERE a ->> 'assessment_name' = {sql.Add(key)} AND a ? '{kind}' AND (a ->> 'valid') IS DISTINCT FROM 'false'";
                return clause.Comparison switch
                {
                    Comparison.IsNull => $"NOT {has})",
                    Comparison.IsNotNull => has + ")",
                    _ => $"{has} AND {Value(kind, clause, sql)})",
                };
            case Subject.Prompt:
                return PromptLinks.Has((string)clause.Operand!, sql);
            default:
                return sql.Compare(Column(key), clause);
        }
    }

    private static string OfSpans(string key, Clause clause, Sql sql) =>
        $"EXISTS (SELECT FROM tracking.spans s WHERE s.trace = t.stream AND {sql.Compare(OfSpan(key, sql), clause)})";

    // As a text, a value may be named by its JSON as well; a number in quotes is that number however it is written.
    private static string Value(string kind, Clause clause, Sql sql)
    {
        var (value, text) = ($"a -> '{kind}' -> 'value'", $"coalesce(a -> '{kind}' ->> 'value', a -> '{kind}' -> 'serialized_value' ->> 'value')");
        var number = $"CASE jsonb_typeof({value}) WHEN 'number' THEN ({value})::numeric::double precision END";
        if (clause.Operand is not string sought)
            return sql.Compare(number, clause);
        if (clause.Comparison is not (Comparison.Equal or Comparison.NotEqual))
            return sql.Compare(text, clause);
        var same = $"{text} = {sql.Add(sought)} OR ({value})::text = {sql.Add(sought)}";
        if (double.TryParse(sought, NumberStyles.Float, CultureInfo.InvariantCulture, out var sum))
            same += $" OR {number} = {sql.Add(sum)}";
        return clause.Comparison == Comparison.Equal ? $"({same})" : $"NOT coalesce({same}, false)";
    }

    // MLflow keeps an attribute as its JSON in a string: a text stands in quotes there, and without them in a filter.
    private static string OfSpan(string key, Sql sql) => key switch
    {
        "name" => "s.name",
        "content" => "s.content",
        "status" => "replace(s.content::json -> 'status' ->> 'code', 'STATUS_CODE_', '')",
        "type" => "trim(both '\"' from s.content::json -> 'attributes' ->> 'mlflow.spanType')",
        _ => $"trim(both '\"' from s.content::json -> 'attributes' ->> {sql.Add(key[Vocabulary.SpanAttributes.Length..])})",
    };

    private static List<Term> Terms(IReadOnlyList<Order> orders, Sql sql)
    {
        var terms = new List<Term>();
        foreach (var (field, descending) in orders)
        {
            switch (field)
            {
                case { Subject: Subject.Attribute, Key: "timestamp_ms" or "end_time_ms" or "experiment_id" }:
                    terms.Add(new(Column(field.Key), TermType.Whole, descending));
                    break;
                case { Subject: Subject.Attribute, Key: "execution_time_ms" }:
                    terms.Add(new("(t.duration_ms IS NULL)::int::bigint", TermType.Whole));
                    terms.Add(new("coalesce(t.duration_ms, 0)", TermType.Whole, descending));
                    break;
                default:
                    var text = field.Subject switch
                    {
                        Subject.Tag => $"(t.tags ->> {sql.Add(field.Key)})",
                        Subject.Metadata => $"(t.metadata ->> {sql.Add(field.Key)})",
                        _ => Column(field.Key),
                    };
                    terms.Add(new($"({text} IS NULL)::int::bigint", TermType.Whole));
                    terms.Add(new($"coalesce({text}, '') COLLATE \"C\"", TermType.Text, descending));
                    break;
            }
        }

        if (!orders.Any(o => o.Field == new Field(Subject.Attribute, "timestamp_ms")))
            terms.Add(new("t.request_ms", TermType.Whole, true));
        terms.Add(new("t.id", TermType.Text));
        return terms;
    }

    private static string Column(string attribute) => attribute switch
    {
        "trace_id" => "t.id",
        "client_request_id" => "t.client_request_id",
        "name" => "(t.tags ->> 'mlflow.traceName')",
        "status" => "t.state",
        "run_id" => $"(t.metadata ->> '{SourceRun}')",
        "experiment_id" => "t.experiment",
        "end_time_ms" => "(t.request_ms + coalesce(t.duration_ms, 0))",
        "timestamp_ms" => "t.request_ms",
        _ => "t.duration_ms",
    };
}
