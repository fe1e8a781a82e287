using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using Npgsql;

namespace MlLifecycle.Experiments.Search;

/// <summary>When a search is given to the database to plan.</summary>
/// <param name="Steps">How far an index is walked before a page is given up, beside what the page itself takes; 0 for not at all.</param>
/// <param name="Few">How many runs that have a value are few enough to begin with them.</param>
internal sealed record Patience(int Steps, int Few)
{
    /// <summary>At most some tens of milliseconds over a million runs.</summary>
    public static readonly Patience Usual = new(10_000, 100);
}

/// <summary>
/// How most searches are read, without asking the database for a plan of its own: it takes which experiment, which key and which value a row has as
/// independent of each other, and so plans for a hundredth of the rows there are. With a small experiment beside a large one that took twenty times as
/// long. A value that few runs have is begun with; else the index of the order is walked, and what the filter asks is looked up for each run on the way,
/// until the page is full. Where neither comes to an end soon, the database has its way.
/// </summary>
internal sealed partial class RunQuery
{
    private IReadOnlyList<int> Keys => _view == ViewType.ActiveOnly ? _active : [.. _active, .. _deleted];

    /// <summary>The clause of the filter that the fewest runs meet, when they are few.</summary>
    /// <param name="source">The database.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<Clause?> Rare(NpgsqlDataSource source, CancellationToken cancellation)
    {
        var equalities = _clauses.OfType<Clause>().Where(IsEquality).ToList();
        if (equalities.Count == 0 || Keys.Count == 0)
            return null;
        var sql = new Sql();
        var counts = string.Join(", ", equalities.Select(clause => $"(SELECT count(*) FROM (SELECT FROM {Having(sql, clause)} LIMIT {sql.Add(_patience.Few)}) few)"));
        await using var reader = await sql.Search(source, $"SELECT {counts}", cancellation);
        await reader.ReadAsync(cancellation);
        var (count, rare) = equalities.Select((clause, i) => (Count: reader.GetInt64(i), Clause: clause)).MinBy(met => met.Count);
        return count < _patience.Few ? rare : null;
    }

    /// <summary>Reads a phase by walking the index of its order.</summary>
    /// <param name="source">The database.</param>
    /// <param name="phase">From 0.</param>
    /// <param name="after">The place to go on after; null to begin.</param>
    /// <param name="limit">At most so many runs.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The runs in their order; null when the walk was given up, or there is no index to walk.</returns>
    public async Task<IReadOnlyList<FoundRow>?> Walk(NpgsqlDataSource source, int phase, PageToken? after, long limit, CancellationToken cancellation)
    {
        var terms = Terms(phase);
        var most = _patience.Steps + (2 * limit);
        var sql = new Sql();
        if (_patience.Steps == 0 || Index(sql, phase, terms, after, most) is not { } index)
            return null;
        var run = index.Metric ? "o0.run" : "r.run";
        var conditions = new List<string> { Scope(sql) };
        // One expression, so that they are looked up in this order: one of many values is met by fewer runs than a bound is.
        var lookups = _clauses.OfType<Clause>().Where(clause => !(index.Metric && OnLeading(clause)) && clause.Field.Subject != Subject.Attribute)
            .OrderBy(clause => IsEquality(clause) ? 0 : 1).Select(clause => Condition(sql, clause, run, Lookup)).ToList();
        lookups.InsertRange(0, _clauses.OfType<Clause>().Where(clause => IsEquality(clause) && clause.Field.Subject == Subject.Param).Select(clause => Marked(sql, clause, index.Metric ? "o0.param_marks" : "r.param_marks")));
        if (phase == WithoutMetric)
            lookups.Insert(0, $"NOT EXISTS (SELECT FROM tracking.metrics o0 WHERE o0.run = {run} AND o0.key = {sql.Add(LeadingMetric!.Key)}{Lookup})");
        if (lookups.Count > 0)
            conditions.Add($"CASE{string.Concat(lookups.Select(lookup => $" WHEN ({lookup}) IS NOT TRUE THEN false"))} ELSE true END");
        conditions.Add(Sql.All(_clauses.Where(c => c is Either or Clause { Field.Subject: Subject.Attribute }), clause => Condition(sql, clause, end: Lookup)));
        if (after is not null)
        {
            if (Term.After(terms, after.After, sql) is not { } beyond)
                return null;
            conditions.Add(beyond);
        }

        var from = index.Metric ? $"({index.Sql}) o0 JOIN tracking.runs r ON r.run = o0.run" : $"({index.Sql}) r";
        // One more than asked for: those with the same value as the last may not all have been reached.
        var rows = await Rows(
            await sql.Search(
                source,
                $"""
                 SELECT r.run, r.experiment, r.revision, {Term.Select(terms)} FROM {from} {string.Join(' ', OrderJoins(sql))}
                 WHERE {string.Join(" AND ", conditions)} ORDER BY {Term.OrderBy(terms)} LIMIT {sql.Add(limit + 1)}
                 """,
                cancellation,
                stepwise: true),
            terms,
            cancellation);
        var full = rows.Count > limit && (!index.Metric || !rows[^1].Place[0].Equals(rows[^2].Place[0]));
        return full || !await GoesOn(source, phase, terms, after, most, cancellation) ? [.. rows.Take((int)limit)] : null;
    }

    // What a run that has the value has: nearly all others are told apart by it without being looked up.
    private static string Marked(Sql sql, Clause equality, string marks)
    {
        var wanted = sql.Add(ParamMarks.Of(equality.Field.Key, (string)equality.Operand!));
        return $"{marks} & {wanted} = {wanted}";
    }

    private const int WithoutMetric = 2;

    // So many take the database ten milliseconds to plan.
    private const int MostWalks = 200;

    // Keeps PostgreSQL from making a join of it.
    private const string Lookup = " OFFSET 0";

    // Whether the index has more than was walked at most.
    private async Task<bool> GoesOn(NpgsqlDataSource source, int phase, IReadOnlyList<Term> terms, PageToken? after, long most, CancellationToken cancellation)
    {
        var sql = new Sql();
        await using var reader = await sql.Search(source, $"SELECT FROM ({Index(sql, phase, terms, after, most + 1)!.Value.Sql}) walk OFFSET {sql.Add(most)}", cancellation);
        return await reader.ReadAsync(cancellation);
    }

    /// <summary>
    /// The index of a phase's order from a place on: of a metric, or else the runs by their start, whose order by time and id it is. Of several experiments
    /// it is walked side by side: each side says its order and its end, without which the database would read and sort them all.
    /// </summary>
    private (string Sql, bool Metric)? Index(Sql sql, int phase, IReadOnlyList<Term> terms, PageToken? after, long most)
    {
        if (Keys.Count is 0 or > MostWalks || NeedsExperiment || (after is not null && terms[0].Parse(after.After[0]) is null))
            return null;
        var begin = after is null ? "" : sql.Add(terms[0].Parse(after.After[0])!);
        string From(string column, bool descending) => after is null ? "" : $" AND {column} {(descending ? "<=" : ">=")} {begin}";
        var end = $"LIMIT {sql.Add(most)}";
        string Walks(string columns, string table, string condition, string order)
        {
            var sides = Keys.Select(key => $"SELECT {columns} FROM {table} WHERE experiment = {sql.Add(key)} AND {condition} ORDER BY {order} {end}").ToList();
            return sides is [var only] ? only : $"SELECT * FROM (({string.Join(") UNION ALL (", sides)})) walks ORDER BY {order} {end}";
        }

        if (LeadingMetric is { } metric && phase == 0)
        {
            var bounds = string.Concat(_clauses.OfType<Clause>().Where(OnLeading).Select(clause => $" AND {Number(sql, "value", clause)}"));
            var condition = $"key = {sql.Add(metric.Key)} AND value < 'NaN'{bounds}{From("value", terms[0].Descending)}";
            return (Walks("run, value, param_marks", "tracking.metrics", condition, terms[0].Descending ? "value DESC" : "value"), true);
        }

        return (LeadingMetric is null || phase == WithoutMetric) && terms is [{ Expression: "r.started_ms", Descending: true }, { Expression: "r.id", Descending: false }]
            ? (Walks("*", "tracking.runs", $"true{From("started_ms", descending: true)}", "started_ms DESC, id"), false)
            : null;
    }
}
