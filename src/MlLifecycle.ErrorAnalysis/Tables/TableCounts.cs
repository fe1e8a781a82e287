using System.Globalization;
using MlLifecycle.ErrorAnalysis.Evaluations;
using MlLifecycle.ErrorAnalysis.Tags;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.ErrorAnalysis.Tables;

/// <summary>Counts the table <c>good</c>: examples and errors per tag, and who is taken for whom.</summary>
internal sealed class TableCounts(Scratch db, TableLayout layout)
{
    /// <summary>Up to here a text column is a category, and each of its values a tag.</summary>
    public const int FewValues = 100;

    /// <summary>The most tags of one table.</summary>
    public const int MostTags = 1000;

    private const int LongestTag = 200;
    private readonly Dictionary<int, Kind> _kinds = [];

    private enum Kind
    {
        Empty,
        Boolean,
        Number,
        Text,
    }

    /// <summary>Judges the columns that may hold tags and counts each tag.</summary>
    public Refusal? Tags(out List<TagCount> tags, out List<Column> columns)
    {
        tags = [];
        columns = [];
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var column in layout.Candidates)
            _kinds[column] = KindOf(column);
        for (var column = 0; column < layout.Names.Count; column++)
        {
            var (judged, sql) = Judge(column);
            columns.Add(judged);
            if (sql is null)
                continue;
            foreach (var tag in Count(sql))
            {
                if (!sources.TryAdd(tag.Tag, judged.Name))
                    return Decision.InvalidInput(judged.Name, $"makes the tag '{tag.Tag}', and so does the column '{sources[tag.Tag]}'. Rename one of them.");
                tags.Add(tag);
            }

            if (tags.Count > MostTags)
                return Decision.InvalidInput(judged.Name, $"brings the tags of this table to more than {MostTags}. A tag is a category that people can work on; group its values.");
        }

        return null;
    }

    public Confusion Confusion()
    {
        var labels = db.Read(
            $"SELECT label FROM good UNION SELECT prediction FROM good LIMIT {Evaluations.Confusion.MostLabels + 1}", row => row.GetString(0));
        var pairs = db.Read(
            $"""
            SELECT left(label, {LongestTag}), left(prediction, {LongestTag}), count(*) AS n FROM good WHERE wrong
            GROUP BY ALL ORDER BY n DESC, 1, 2 LIMIT {Evaluations.Confusion.MostPairs}
            """,
            row => new ConfusedPair(row.GetString(0), row.GetString(1), row.GetInt64(2)));
        if (labels.Count > Evaluations.Confusion.MostLabels)
            return new([], [], pairs);
        var ordered = Evaluations.Confusion.InOrder(labels);
        var place = ordered.Select((label, i) => (label, i)).ToDictionary(p => p.label, p => p.i, StringComparer.Ordinal);
        var counts = ordered.Select(_ => new long[ordered.Count]).ToArray();
        foreach (var (label, prediction, n) in db.Read("SELECT label, prediction, count(*) FROM good GROUP BY ALL", row => (row.GetString(0), row.GetString(1), row.GetInt64(2))))
            counts[place[label]][place[prediction]] = n;
        return new(ordered, counts, pairs);
    }

    /// <summary>Writes the good rows under their own column names, in their own order, with the types they have.</summary>
    public void Write(string file)
    {
        var columns = layout.Names.Select((name, c) => $"{Typed(c)} AS {Scratch.Identifier(name)}");
        db.Run($"COPY (SELECT {string.Join(", ", columns)} FROM good ORDER BY r) TO {Scratch.Literal(file)} (FORMAT parquet, COMPRESSION zstd)");
    }

    private string Typed(int column) => column == layout.Label ? "label"
        : column == layout.Prediction ? "prediction"
        : layout.Scores.Contains(column) || _kinds.GetValueOrDefault(column) == Kind.Number ? $"try_cast(c{column} AS DOUBLE)"
        : _kinds.GetValueOrDefault(column) == Kind.Boolean ? $"CAST(c{column} AS BOOLEAN)"
        : $"c{column}";

    private Kind KindOf(int c) => db.Read(
        $"SELECT count(c{c}), count(try_cast(c{c} AS DOUBLE)), count(*) FILTER (lower(c{c}) IN ('true', 'false')) FROM good",
        row => row.GetInt64(0) == 0 ? Kind.Empty
            : row.GetInt64(2) == row.GetInt64(0) ? Kind.Boolean
            : row.GetInt64(1) == row.GetInt64(0) ? Kind.Number
            : Kind.Text)[0];

    private (Column Judged, string? Sql) Judge(int c)
    {
        var name = layout.Names[c];
        if (c == layout.TagList)
            return (new(name, "tag", "each name between ';' is a tag"), $"SELECT r, wrong, unnest(list_distinct(list_transform(string_split(c{c}, ';'), x -> trim(x)))) AS tag FROM good");
        if (!_kinds.TryGetValue(c, out var kind))
            return (new(name, c == layout.Label ? "label" : c == layout.Prediction ? "prediction" : c == layout.Id ? "id" : "score"), null);
        var asked = layout.Asked.Contains(c);
        return kind switch
        {
            Kind.Empty => (new(name, "ignored", "it is empty"), null),
            Kind.Boolean => (new(name, "tag"), $"SELECT r, wrong, {Scratch.Literal(name)} AS tag FROM good WHERE lower(c{c}) = 'true'"),
            Kind.Number when !asked => (new(name, "ignored", "it is a number; name it in ?tags= to cut it into quartiles"), null),
            Kind.Number => Binned(c),
            _ => Categories(c, asked),
        };
    }

    private (Column Judged, string? Sql) Categories(int c, bool asked)
    {
        var name = layout.Names[c];
        var values = db.Count($"SELECT count(DISTINCT c{c}) FROM good");
        var longest = db.Count($"SELECT max(length(c{c})) FROM good");
        return longest > LongestTag ? (new(name, "ignored", $"a value has {longest} characters, too many for a tag"), null)
            : values > FewValues && !asked ? (new(name, "ignored", $"it has {values} different values; name it in ?tags= to make tags of them"), null)
            : (new(name, "tag"), ByValue(c));
    }

    private (Column Judged, string? Sql) Binned(int c)
    {
        var name = layout.Names[c];
        if (db.Count($"SELECT count(DISTINCT try_cast(c{c} AS DOUBLE)) FROM good") <= 10)
            return (new(name, "tag"), ByValue(c));
        var number = $"try_cast(c{c} AS DOUBLE)";
        var edges = db.Read(
            $"SELECT quantile_cont({number}, 0.25), quantile_cont({number}, 0.5), quantile_cont({number}, 0.75) FROM good",
            row => new[] { row.GetDouble(0), row.GetDouble(1), row.GetDouble(2) })[0];
        var bins = string.Join(" + ", edges.Select(edge => $"CAST({number} > CAST('{edge.ToString("R", CultureInfo.InvariantCulture)}' AS DOUBLE) AS INTEGER)"));
        var note = string.Create(CultureInfo.InvariantCulture, $"quartiles: q1 ≤ {edges[0]:0.######} < q2 ≤ {edges[1]:0.######} < q3 ≤ {edges[2]:0.######} < q4");
        return (new(name, "tag", note), $"SELECT r, wrong, {Scratch.Literal(name + "=q")} || (1 + {bins}) AS tag FROM good WHERE c{c} IS NOT NULL");
    }

    private string ByValue(int c) => $"SELECT r, wrong, {Scratch.Literal(layout.Names[c] + "=")} || c{c} AS tag FROM good WHERE c{c} IS NOT NULL";

    private List<TagCount> Count(string sql) => db.Read(
        $"SELECT tag, count(*), count(*) FILTER (wrong) FROM ({sql}) WHERE tag <> '' GROUP BY tag ORDER BY tag LIMIT {MostTags + 1}",
        row => new TagCount(row.GetString(0), row.GetInt64(1), row.GetInt64(2)));
}
