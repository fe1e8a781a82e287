using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using Npgsql;

namespace MlLifecycle.Experiments.Search;

/// <summary>
/// A search of runs as SQL. Sorted by a metric first, it reads in phases: runs that have a value, in the order of the index over values; then
/// those whose value is not a number; then those without one. A page is full after the first phase as a rule, however many runs there are.
/// </summary>
internal sealed partial class RunQuery
{
    private readonly IReadOnlyList<int> _active;
    private readonly IReadOnlyList<int> _deleted;
    private readonly IReadOnlyList<Condition> _clauses;
    private readonly IReadOnlyList<Order> _orders;
    private readonly ViewType _view;
    private readonly Patience _patience;

    public RunQuery(IReadOnlyList<ExperimentRow> experiments, ViewType view, IReadOnlyList<Condition> clauses, IReadOnlyList<Order> orders, Patience patience)
    {
        (_active, _deleted) = ([.. experiments.Where(e => !e.Deleted).Select(e => e.Key)], [.. experiments.Where(e => e.Deleted).Select(e => e.Key)]);
        (_view, _clauses, _orders, _patience) = (view, clauses, orders, patience);
        LeadingMetric = orders is [{ Field.Subject: Subject.Metric } first, ..] ? first.Field : null;
        // A filter on the leading metric itself leaves nothing for the phase of those without it, and may for not-a-number.
        var filtered = LeadingMetric is not null && clauses.OfType<Clause>().Any(OnLeading);
        Phases = LeadingMetric is null ? 1 : filtered ? 2 : 3;
    }

    /// <summary>In how many parts the order is read.</summary>
    public int Phases { get; }

    private const int FirstTerm = 3;

    private Field? LeadingMetric { get; }

    /// <summary>The order within a phase.</summary>
    /// <param name="phase">From 0.</param>
    public IReadOnlyList<Term> Terms(int phase)
    {
        var terms = new List<Term>();
        for (var i = 0; i < _orders.Count; i++)
        {
            var (field, descending) = _orders[i];
            if (i == 0 && LeadingMetric is not null)
            {
                if (phase == 0)
                    terms.Add(new("o0.value", TermType.Real, descending));
                continue;
            }

            terms.AddRange(Terms(field, $"o{i}", descending));
        }

        if (!_orders.Any(o => o.Field == new Field(Subject.Attribute, "start_time")))
            terms.Add(new("r.started_ms", TermType.Whole, true));
        if (!_orders.Any(o => o.Field == new Field(Subject.Attribute, "run_id")))
            terms.Add(new("r.id", TermType.Id));
        return terms;
    }

    /// <summary>Reads one phase.</summary>
    /// <param name="source">The database.</param>
    /// <param name="phase">From 0.</param>
    /// <param name="after">The place to go on after; null to begin.</param>
    /// <param name="limit">At most so many runs.</param>
    /// <param name="rare">A clause of the filter that few runs meet, to begin with; null for the database to choose.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The runs in their order; null when the place is none of this order.</returns>
    public async Task<IReadOnlyList<FoundRow>?> Read(NpgsqlDataSource source, int phase, PageToken? after, long limit, Clause? rare, CancellationToken cancellation)
    {
        var sql = new Sql();
        var from = rare is null ? "tracking.runs r" : $"(SELECT f.run FROM {Having(sql, rare)} OFFSET 0) few JOIN tracking.runs r ON r.run = few.run";
        var joins = new List<string>();
        var conditions = new List<string> { Scope(sql) };
        if (LeadingMetric is { } metric)
        {
            var of = $"o0.key = {sql.Add(metric.Key)} AND {Experiments(sql, "o0")}";
            if (phase < 2)
                joins.Add($"JOIN tracking.metrics o0 ON o0.run = r.run AND {of}");
            conditions.Add(phase switch
            {
                0 => "o0.value < 'NaN'", // not-a-number sorts above all numbers
                1 => "o0.value = 'NaN'",
                _ => $"NOT EXISTS (SELECT FROM tracking.metrics o0 WHERE o0.run = r.run AND {of})",
            });
        }

        joins.AddRange(OrderJoins(sql));
        conditions.Add(Sql.All(_clauses.Where(c => c is not Clause clause || !OnLeading(clause)), clause => Condition(sql, clause)));
        foreach (var clause in _clauses.OfType<Clause>().Where(OnLeading))
            conditions.Add(Number(sql, "o0.value", clause));

        var terms = Terms(phase);
        if (after is not null)
        {
            if (Term.After(terms, after.After, sql) is not { } beyond)
                return null;
            conditions.Add(beyond);
        }

        var rows = await sql.Search(
            source,
            $"""
             SELECT r.run, r.experiment, r.revision, {Term.Select(terms)} FROM {from}{(NeedsExperiment ? " JOIN tracking.experiments e ON e.experiment = r.experiment" : "")} {string.Join(' ', joins)}
             WHERE {string.Join(" AND ", conditions)} ORDER BY {Term.OrderBy(terms)} LIMIT {sql.Add(limit)}
             """,
            cancellation,
            stepwise: rare is not null);
        return await Rows(rows, terms, cancellation);
    }

    private async Task<List<FoundRow>> Rows(NpgsqlDataReader rows, IReadOnlyList<Term> terms, CancellationToken cancellation)
    {
        await using var reading = rows;
        var found = new List<FoundRow>();
        while (await rows.ReadAsync(cancellation))
        {
            var run = new FoundRun(rows.GetInt64(0), new(rows.GetInt64(2), _deleted.Contains(rows.GetInt32(1))));
            found.Add(new(run, [.. terms.Select((term, i) => term.Read(rows, FirstTerm + i))]));
        }

        return found;
    }

    private IEnumerable<string> OrderJoins(Sql sql)
    {
        for (var i = LeadingMetric is null ? 0 : 1; i < _orders.Count; i++)
        {
            if (Table(_orders[i].Field.Subject) is { } table)
                yield return $"LEFT JOIN {table} o{i} ON o{i}.run = r.run AND o{i}.key = {sql.Add(_orders[i].Field.Key)}";
        }
    }

    private const string ArtifactUri = "regexp_replace(e.artifact_location, '/?(\\?|$)', '/' || replace(r.id::text, '-', '') || '/artifacts\\1')";

    private bool OnLeading(Clause clause) => clause.Field == LeadingMetric && clause.Comparison is not (Comparison.IsNull or Comparison.IsNotNull);

    private bool NeedsExperiment => Search.Condition.FieldsOf(_clauses).Concat(_orders.Select(o => o.Field)).Any(f => f == new Field(Subject.Attribute, "artifact_uri"));

    // Runs of a deleted experiment are deleted with it, whatever their own rows say.
    private string Scope(Sql sql) => _view switch
    {
        ViewType.ActiveOnly => $"{sql.IsOneOf("r.experiment", _active)} AND NOT r.deleted",
        ViewType.DeletedOnly => $"({sql.IsOneOf("r.experiment", _deleted)} OR ({sql.IsOneOf("r.experiment", _active)} AND r.deleted))",
        _ => sql.IsOneOf<int>("r.experiment", [.. _active, .. _deleted]),
    };

    private string Experiments(Sql sql, string alias) => sql.IsOneOf<int>(alias + ".experiment", _view == ViewType.ActiveOnly ? _active : [.. _active, .. _deleted]);

    /// <param name="sql">The statement.</param>
    /// <param name="clause">The clause.</param>
    /// <param name="run">The column of the run's key.</param>
    /// <param name="end">Ends what is looked up: with <c>OFFSET 0</c> it is looked up for each row, not joined.</param>
    private string Condition(Sql sql, Clause clause, string run = "r.run", string end = "")
    {
        var (subject, key) = (clause.Field.Subject, clause.Field.Key);
        switch (subject)
        {
            case Subject.Attribute when key == "run_id":
                return Id(sql, clause);
            case Subject.Attribute:
                return sql.Compare(Column(key), clause);
            case Subject.Dataset:
                return $"EXISTS (SELECT FROM tracking.inputs f WHERE f.run = {run} AND {sql.Compare("f." + key, clause)}{end})";
            case Subject.Metric when clause.Comparison is not (Comparison.IsNull or Comparison.IsNotNull):
                var within = end.Length > 0 ? "" : $" AND {Experiments(sql, "f")}"; // a run that is looked up is of the experiment
                return $"EXISTS (SELECT FROM tracking.metrics f WHERE f.run = {run} AND f.key = {sql.Add(key)}{within} AND {Number(sql, "f.value", clause)}{end})";
            case var _ when IsEquality(clause) && end.Length == 0:
                return $"EXISTS (SELECT FROM {Having(sql, clause)} AND f.run = {run}{end})";
            default:
                var has = $"EXISTS (SELECT FROM {Table(subject)} f WHERE f.run = {run} AND f.key = {sql.Add(key)}";
                return clause.Comparison switch
                {
                    Comparison.IsNull => $"NOT {has}{end})",
                    Comparison.IsNotNull => $"{has}{end})",
                    _ => $"{has} AND {sql.Compare("f.value", clause)}{end})",
                };
        }
    }

    private static bool IsEquality(Clause clause) => clause is { Field.Subject: Subject.Param or Subject.Tag, Comparison: Comparison.Equal, Operand: string };

    // The rows of what has a value, as FROM and WHERE of table f. The index over values holds the beginnings of long ones.
    private string Having(Sql sql, Clause equality)
    {
        var value = (string)equality.Operand!;
        return $"{Table(equality.Field.Subject)} f WHERE {Experiments(sql, "f")} AND f.key = {sql.Add(equality.Field.Key)} AND left(f.value, 100) = {sql.Add(Names.Cut(value, 100))} AND f.value = {sql.Add(value)}";
    }

    // Not-a-number is greater than every number to PostgreSQL, and to nobody else.
    private static string Number(Sql sql, string column, Clause clause) => clause.Comparison is Comparison.Greater or Comparison.GreaterOrEqual
        ? $"({sql.Compare(column, clause)} AND {column} < 'NaN')"
        : sql.Compare(column, clause);

    private static string Id(Sql sql, Clause clause)
    {
        return clause switch
        {
            { Comparison: Comparison.Equal, Operand: string id } => Parse(id) is { } run ? $"r.id = {sql.Add(run)}" : "false",
            { Comparison: Comparison.NotEqual, Operand: string id } => Parse(id) is { } run ? $"r.id <> {sql.Add(run)}" : "true",
            { Comparison: Comparison.In, Operand: string[] ids } => $"r.id = ANY({sql.Add(ids.Select(Parse).OfType<Guid>().ToArray())})",
            { Comparison: Comparison.NotIn, Operand: string[] ids } => $"r.id <> ALL({sql.Add(ids.Select(Parse).OfType<Guid>().ToArray())})",
            _ => sql.Compare("replace(r.id::text, '-', '')", clause),
        };

        static Guid? Parse(string id) => Guid.TryParseExact(id, "N", out var run) && Runs.Run.IdOf(run) == id ? run : null;
    }

    private static IEnumerable<Term> Terms(Field field, string alias, bool descending) => field.Subject switch
    {
        Subject.Metric =>
        [
            new($"CASE WHEN {alias}.value IS NULL THEN 2 WHEN {alias}.value = 'NaN' THEN 1 ELSE 0 END::bigint", TermType.Whole),
            new($"CASE WHEN {alias}.value < 'NaN' THEN {alias}.value ELSE 0 END", TermType.Real, descending),
        ],
        Subject.Attribute => field.Key switch
        {
            "run_id" => [new("r.id", TermType.Id, descending)],
            "start_time" => [new("r.started_ms", TermType.Whole, descending)],
            "end_time" => [new("(r.ended_ms IS NULL)::int::bigint", TermType.Whole), new("coalesce(r.ended_ms, 0)", TermType.Whole, descending)],
            _ => [new(Column(field.Key), TermType.Text, descending)],
        },
        _ => [new($"({alias}.value IS NULL)::int::bigint", TermType.Whole), new($"coalesce({alias}.value, '')", TermType.Text, descending)],
    };

    private static string Column(string attribute) => attribute switch
    {
        "run_name" => "r.name",
        "user_id" => "r.user_id",
        "status" => "r.status",
        "start_time" => "r.started_ms",
        "end_time" => "r.ended_ms",
        "artifact_uri" => ArtifactUri,
        _ => throw new InvalidOperationException($"The attribute {attribute} has no column."),
    };

    private static string? Table(Subject subject) => subject switch
    {
        Subject.Metric => "tracking.metrics",
        Subject.Param => "tracking.params",
        Subject.Tag => "tracking.tags",
        _ => null,
    };
}
