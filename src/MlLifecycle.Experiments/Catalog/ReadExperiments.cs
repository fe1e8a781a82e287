using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Search;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Catalog;

internal sealed class GetExperimentMessage
{
    public string? ExperimentId { get; init; }

    public string? ExperimentName { get; init; }
}

internal sealed class SearchExperimentsMessage
{
    public long? MaxResults { get; init; }

    public string? PageToken { get; init; }

    public string? Filter { get; init; }

    public IReadOnlyList<string>? OrderBy { get; init; }

    public ViewType? ViewType { get; init; }
}

/// <summary>Reads and searches experiments.</summary>
internal static class ReadExperiments
{
    private const int Usual = 1000;
    private const int Most = 50_000;

    public static async Task<IResult> Get(Sent<GetExperimentMessage> sent, Caller caller, ExperimentRows rows, CancellationToken cancellation)
    {
        var id = sent.Message.ExperimentId;
        if (string.IsNullOrEmpty(id))
            return new Refused(Mlflow.Missing("experiment_id"));
        return await rows.Find(caller.ProjectId, id, cancellation) is { } row
            ? Answer.Of(new { Experiment = row.Message })
            : new Refused(Mlflow.UnknownExperiment(id));
    }

    public static async Task<IResult> GetByName(Sent<GetExperimentMessage> sent, Caller caller, ExperimentRows rows, CancellationToken cancellation)
    {
        var name = sent.Message.ExperimentName;
        if (string.IsNullOrEmpty(name))
            return new Refused(Mlflow.Missing("experiment_name"));
        return await rows.FindByName(caller.ProjectId, name, cancellation) is { } row
            ? Answer.Of(new { Experiment = row.Message })
            : new Refused(Mlflow.Unknown($"Could not find experiment with name '{name}'"));
    }

    public static async Task<IResult> Search(Sent<SearchExperimentsMessage> sent, Caller caller, NpgsqlDataSource source, CancellationToken cancellation)
    {
        var message = sent.Message;
        var limit = message.MaxResults ?? Usual;
        if (Mlflow.CheckMaxResults(limit, Most) is { } beyond)
            return new Refused(beyond);
        if (SearchWords.Read(message.Filter, message.OrderBy, Vocabulary.Experiments, out var clauses, out var orders) is { } wrong)
            return new Refused(wrong);
        if (orders.FirstOrDefault(o => o.Field.Subject != Subject.Attribute) is { } other)
            return new Refused(Mlflow.Invalid($"Invalid order_by entity: {other.Field.Subject.ToString().ToLowerInvariant()}."));

        var terms = Terms(orders);
        var view = message.ViewType ?? Protocol.ViewType.ActiveOnly;
        var search = PageToken.Fingerprint([message.Filter, view.ToString(), .. message.OrderBy ?? []]);
        if (PageToken.Decode(message.PageToken, search, _ => terms.Count, out var token) is { } badToken)
            return new Refused(badToken);

        var sql = new Sql();
        var conditions = new List<string> { $"e.project = {sql.Add(caller.ProjectId)}" };
        if (view != Protocol.ViewType.All)
            conditions.Add(view == Protocol.ViewType.ActiveOnly ? "NOT e.deleted" : "e.deleted");
        conditions.Add(Sql.All(
            clauses, clause => clause.Field.Subject == Subject.Tag ? sql.Compare($"(e.tags ->> {sql.Add(clause.Field.Key)})", clause) : sql.Compare(Compared(clause.Field.Key), clause)));
        if (token is not null)
        {
            if (Term.After(terms, token.After, sql) is not { } after)
                return new Refused(Mlflow.Invalid("Invalid page token."));
            conditions.Add(after);
        }

        await using var command = sql.On(
            source,
            $"""
             SELECT {ExperimentRows.Columns}, {Term.Select(terms)} FROM tracking.experiments e
             WHERE {string.Join(" AND ", conditions)} ORDER BY {Term.OrderBy(terms)} LIMIT {sql.Add(limit + 1)}
             """);
        var page = await ExperimentRows.All(command, cancellation);
        return Answer.Of(new
        {
            Experiments = Answer.OrNone([.. page.Take((int)limit).Select(row => row.Message)]),
            next_page_token = page.Count > limit ? new PageToken(search, 0, Place(terms, page[(int)limit - 1])).Encode() : null,
        });
    }

    // Newest first; whatever the order, the number breaks ties.
    private static List<Term> Terms(IReadOnlyList<Order> orders)
    {
        var terms = orders.Select(o => new Term(Column(o.Field.Key), o.Field.Key == "name" ? TermType.Text : TermType.Whole, o.Descending)).ToList();
        if (terms.Count == 0)
            return [new("e.created_ms", TermType.Whole, true), new("e.number", TermType.Whole)];
        if (!terms.Any(t => t.Expression == "e.number"))
            terms.Add(new("e.number", TermType.Whole, true));
        return terms;
    }

    private static System.Text.Json.JsonElement[] Place(List<Term> terms, ExperimentRow row) => [.. terms.Select(term => term.Expression switch
    {
        "e.name" => System.Text.Json.JsonSerializer.SerializeToElement(row.Name),
        "e.created_ms" => System.Text.Json.JsonSerializer.SerializeToElement(row.Created),
        "e.updated_ms" => System.Text.Json.JsonSerializer.SerializeToElement(row.Updated),
        _ => System.Text.Json.JsonSerializer.SerializeToElement(row.Number),
    })];

    // A filter's experiment_id is text, as ids are to clients; in an order it is a number.
    private static string Compared(string attribute) => attribute == "experiment_id" ? "e.number::text" : Column(attribute);

    private static string Column(string attribute) => attribute switch
    {
        "name" => "e.name",
        "creation_time" => "e.created_ms",
        "last_update_time" => "e.updated_ms",
        _ => "e.number",
    };
}
