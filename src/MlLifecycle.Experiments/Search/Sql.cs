using System.Globalization;
using System.Text.Json;
using MlLifecycle.Experiments.Protocol;
using Npgsql;

namespace MlLifecycle.Experiments.Search;

/// <summary>A statement under construction. What callers sent enters it as parameters only.</summary>
internal sealed class Sql
{
    private readonly List<object> _parameters = [];

    /// <summary>Adds a parameter.</summary>
    /// <param name="value">Its value.</param>
    /// <returns>The placeholder that stands for it.</returns>
    public string Add(object value)
    {
        _parameters.Add(value);
        return string.Create(CultureInfo.InvariantCulture, $"${_parameters.Count}");
    }

    /// <summary>A column that is one of some values.</summary>
    /// <param name="column">The column.</param>
    /// <param name="values">The values; a single one is compared directly, which keeps an index's order usable.</param>
    public string IsOneOf<T>(string column, IReadOnlyList<T> values) => values switch
    {
        [] => "false",
        [var only] => $"{column} = {Add(only!)}",
        _ => $"{column} = ANY({Add(values.ToArray())})",
    };

    /// <summary>A clause about a column.</summary>
    /// <param name="column">The column or expression.</param>
    /// <param name="clause">The comparison and its right side.</param>
    public string Compare(string column, Clause clause) => clause switch
    {
        { Comparison: Comparison.In, Operand: string[] values } => $"{column} = ANY({Add(values)})",
        { Comparison: Comparison.NotIn, Operand: string[] values } => $"{column} <> ALL({Add(values)})",
        { Comparison: Comparison.IsNull } => $"{column} IS NULL",
        { Comparison: Comparison.IsNotNull } => $"{column} IS NOT NULL",
        { Comparison: Comparison.Like, Operand: string pattern } => $"{column} LIKE {Add(pattern)} ESCAPE ''",
        // Letters of any alphabet: the columns' own collation knows only ASCII's two cases.
        { Comparison: Comparison.ILike, Operand: string pattern } => $"({column}) COLLATE \"default\" ILIKE {Add(pattern)} ESCAPE ''",
        { Operand: { } value } => $"{column} {Operator(clause.Comparison)} {Add(value)}",
        _ => throw new InvalidOperationException($"A comparison without a right side: {clause}"),
    };

    /// <summary>Conditions that must all hold.</summary>
    /// <param name="conditions">The conditions.</param>
    /// <param name="one">What a single comparison becomes.</param>
    public static string All(IEnumerable<Condition> conditions, Func<Clause, string> one) => string.Join(" AND ", conditions.Select(condition => condition switch
    {
        Either either => "(" + string.Join(" OR ", either.Alternatives.Select(all => $"({All(all, one)})")) + ")",
        Clause clause => one(clause),
        _ => throw new InvalidOperationException($"A condition of an unknown kind: {condition}"),
    }).DefaultIfEmpty("true"));

    public NpgsqlCommand On(NpgsqlDataSource source, string text)
    {
        var command = source.CreateCommand(text);
        foreach (var parameter in _parameters)
            command.Parameters.Add(new() { Value = parameter });
        return command;
    }

    /// <summary>
    /// Runs the statement as a search. It is planned for its values each time: the plan for any values, which PostgreSQL gives a prepared statement from
    /// its sixth use on, does not know how rare they are, and took four times as long over 10 000 runs. It is run by one process: several walk an index
    /// far past the few rows that are asked for, which over a million runs took six times as long.
    /// </summary>
    /// <param name="source">The database.</param>
    /// <param name="text">The statement.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="stepwise">Whether to look up by key what belongs to each row, rather than to join whole tables.</param>
    /// <returns>The rows; disposing it gives the connection back.</returns>
    public async Task<NpgsqlDataReader> Search(NpgsqlDataSource source, string text, CancellationToken cancellation, bool stepwise = false)
    {
        var batch = source.CreateBatch();
        // Until the end of the batch, which is one transaction.
        batch.BatchCommands.Add(new(
            "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('max_parallel_workers_per_gather', '0', true)"
            + (stepwise ? ", set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)" : "")));
        var search = new NpgsqlBatchCommand(text);
        foreach (var parameter in _parameters)
            search.Parameters.Add(new() { Value = parameter });
        batch.BatchCommands.Add(search);
        var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        return reader;
    }

    private static string Operator(Comparison comparison) => comparison switch
    {
        Comparison.Equal => "=",
        Comparison.NotEqual => "<>",
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        Comparison.GreaterOrEqual => ">=",
        _ => throw new InvalidOperationException($"{comparison} has no operator."),
    };
}

internal enum TermType
{
    Whole,
    Real,
    Text,
    Id,
}

/// <summary>One expression of an order; it is never null.</summary>
/// <param name="Expression">The expression.</param>
/// <param name="Type">Its type.</param>
/// <param name="Descending">Largest first.</param>
internal sealed record Term(string Expression, TermType Type, bool Descending = false)
{
    public object Read(NpgsqlDataReader row, int at) => Type switch
    {
        TermType.Whole => row.GetInt64(at),
        TermType.Real => row.GetDouble(at),
        TermType.Id => row.GetGuid(at),
        _ => row.GetString(at),
    };

    /// <summary>A value of a place; null when it is none of this term's.</summary>
    public object? Parse(JsonElement value)
    {
        try
        {
            return Type switch
            {
                TermType.Whole => value.GetInt64(),
                TermType.Real => value.GetDouble(),
                TermType.Id => value.GetGuid(),
                _ => value.GetString() ?? "",
            };
        }
        catch (Exception other) when (other is InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>The terms for SELECT.</summary>
    public static string Select(IEnumerable<Term> terms) => string.Join(", ", terms.Select(t => t.Expression));

    /// <summary>The terms for ORDER BY.</summary>
    public static string OrderBy(IEnumerable<Term> terms) => string.Join(", ", terms.Select(t => t.Descending ? t.Expression + " DESC" : t.Expression));

    /// <summary>What comes after a place in the order.</summary>
    /// <param name="terms">The order.</param>
    /// <param name="place">A value for each term.</param>
    /// <param name="sql">The statement.</param>
    /// <returns>The condition; null when the place is none of this order.</returns>
    public static string? After(IReadOnlyList<Term> terms, JsonElement[] place, Sql sql)
    {
        var values = terms.Zip(place, (term, value) => term.Parse(value)).ToList();
        if (values.Contains(null))
            return null;
        var condition = "false";
        for (var i = terms.Count - 1; i >= 0; i--)
        {
            var (expression, beyond, value) = (terms[i].Expression, terms[i].Descending ? "<" : ">", sql.Add(values[i]!));
            condition = $"({expression} {beyond}= {value} AND ({expression} {beyond} {value} OR {condition}))";
        }

        return condition;
    }

    /// <summary>A row's place in the order, for a token.</summary>
    /// <param name="terms">The order.</param>
    /// <param name="row">The row.</param>
    /// <param name="at">The column of the first term.</param>
    public static JsonElement[] Place(IReadOnlyList<Term> terms, NpgsqlDataReader row, int at) =>
        [.. terms.Select((term, i) => JsonSerializer.SerializeToElement(term.Read(row, at + i)))];
}

/// <summary>A search's words, read; or why they cannot be.</summary>
internal static class SearchWords
{
    public static ServiceDefaults.Decisions.Refusal? Read(
        string? filter, IEnumerable<string>? order, Vocabulary vocabulary, out IReadOnlyList<Condition> clauses, out IReadOnlyList<Order> orders)
    {
        (clauses, orders) = ([], []);
        try
        {
            clauses = Grammar.ReadFilter(filter, vocabulary);
            orders = Grammar.ReadOrder(order, vocabulary);
            return null;
        }
        catch (SearchSyntaxException wrong)
        {
            return Mlflow.Invalid(wrong.Message);
        }
    }
}
