using System.Text.Json;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Search;
using MlLifecycle.ServiceDefaults.Decisions;
using Npgsql;

namespace MlLifecycle.Experiments.Registry;

/// <summary>A search of the registry, read and checked.</summary>
/// <param name="Clauses">Its filter.</param>
/// <param name="Terms">Its order.</param>
/// <param name="Limit">The page's size.</param>
/// <param name="Token">Where it goes on.</param>
/// <param name="Fingerprint">Which search it is.</param>
internal sealed record RegistryQuery(IReadOnlyList<Condition> Clauses, IReadOnlyList<Term> Terms, long Limit, PageToken? Token, string Fingerprint)
{
    public string TokenAfter(Func<string, object> place) =>
        new PageToken(Fingerprint, 0, [.. Terms.Select(term => JsonSerializer.SerializeToElement(place(term.Expression)))]).Encode();
}

/// <summary>What the two searches of the registry have in common.</summary>
internal static class RegistrySearch
{
    private static readonly Field Prompt = new(Subject.Tag, PromptTags.IsPrompt);

    public static Refusal? Prepare(
        SearchModelsMessage message, Vocabulary vocabulary, string[] ordered, int usual, int most, Func<IReadOnlyList<Order>, IReadOnlyList<Term>> terms, out RegistryQuery query)
    {
        query = null!;
        var limit = message.MaxResults ?? usual;
        if (Mlflow.CheckMaxResults(limit, most) is { } beyond)
            return beyond;
        if (SearchWords.Read(message.Filter, message.OrderBy, vocabulary, out var clauses, out var orders) is { } wrong)
            return wrong;
        if (orders.Any(o => o.Field.Subject != Subject.Attribute))
            return Mlflow.Invalid("Invalid order_by: tags have no order here.");
        if (orders.FirstOrDefault(o => !ordered.Contains(o.Field.Key)) is { } unordered)
            return Mlflow.Invalid($"Invalid order by key '{unordered.Field.Key}' specified. Valid keys are {string.Join(", ", ordered)}.");
        var order = terms(orders);
        var search = PageToken.Fingerprint([message.Filter, .. message.OrderBy ?? []]);
        if (PageToken.Decode(message.PageToken, search, _ => order.Count, out var token) is { } badToken)
            return badToken;
        query = new(clauses, order, limit, token, search);
        return null;
    }

    public static NpgsqlCommand? Command(
        RegistryQuery query, NpgsqlDataSource source, Guid project, string columns, string from, string tagged, Func<string, string> column)
    {
        var sql = new Sql();
        var conditions = new List<string> { $"m.project = {sql.Add(project)}" };
        // Prompts are models to the registry, and to a search only when it asks for them.
        var asked = query.Clauses.OfType<Clause>().Where(c => c.Field == Prompt).ToList();
        var prompts = asked.Any(c => c is { Comparison: Comparison.Equal, Operand: not "false" } or { Comparison: Comparison.NotEqual, Operand: "false" });
        if (!prompts)
            conditions.Add($"{tagged}.tags ->> '{Prompt.Key}' IS DISTINCT FROM 'true'");
        conditions.Add(Sql.All(
            prompts ? query.Clauses : query.Clauses.Except(asked),
            clause => clause.Field.Subject == Subject.Tag ? sql.Compare($"({tagged}.tags ->> {sql.Add(clause.Field.Key)})", clause) : sql.Compare(column(clause.Field.Key), clause)));
        if (query.Token is not null)
        {
            if (Term.After(query.Terms, query.Token.After, sql) is not { } after)
                return null;
            conditions.Add(after);
        }

        return sql.On(
            source, $"SELECT {columns} FROM {from} WHERE {string.Join(" AND ", conditions)} ORDER BY {Term.OrderBy(query.Terms)} LIMIT {sql.Add(query.Limit + 1)}");
    }

    public static string ModelColumn(string attribute) => attribute switch
    {
        "name" => "m.name",
        "creation_timestamp" => "m.created_ms",
        _ => "m.updated_ms",
    };

    public static string VersionColumn(string attribute) => attribute switch
    {
        "name" => "m.name",
        "version_number" => "v.version::bigint",
        "run_id" => "v.run_id",
        "source_path" => "v.source",
        "creation_timestamp" => "v.created_ms",
        _ => "v.updated_ms",
    };

    // By name, whatever else is asked for.
    public static IReadOnlyList<Term> ModelTerms(IReadOnlyList<Order> orders) => Terms(orders, ModelColumn, [new("m.name", TermType.Text)]);

    // By name, newest version first; before that the last changed first, unless an order is asked for.
    public static IReadOnlyList<Term> VersionTerms(IReadOnlyList<Order> orders)
    {
        Term[] always = [new("m.name", TermType.Text), new("v.version::bigint", TermType.Whole, true)];
        return Terms(orders, VersionColumn, orders.Count > 0 ? always : [new("v.updated_ms", TermType.Whole, true), .. always]);
    }

    public static Func<string, object> PlaceOf(ModelRow model) => column => column switch
    {
        "m.name" => model.Name,
        "m.created_ms" => model.Created,
        _ => model.Updated,
    };

    public static Func<string, object> PlaceOf(VersionRow version) => column => column switch
    {
        "m.name" => version.Model,
        "v.version::bigint" => version.Version,
        "v.created_ms" => version.Created,
        _ => version.Updated,
    };

    private static List<Term> Terms(IReadOnlyList<Order> orders, Func<string, string> column, IEnumerable<Term> last)
    {
        var terms = orders.Select(o => new Term(column(o.Field.Key), o.Field.Key == "name" ? TermType.Text : TermType.Whole, o.Descending)).ToList();
        terms.AddRange(last.Where(term => terms.All(t => t.Expression != term.Expression)));
        return terms;
    }
}
