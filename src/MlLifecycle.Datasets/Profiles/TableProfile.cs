using System.Globalization;
using DuckDB.NET.Data;
using MlLifecycle.Datasets.Tables;

namespace MlLifecycle.Datasets.Profiles;

/// <summary>Profiles the columns of a table.</summary>
public static class TableProfile
{
    private const int Bins = 20;
    private const int MostTop = 20;
    private const int LongestValue = 200;

    // Exact quantiles hold a column's numbers in memory: 32 MB of them at most.
    private const long MostExact = 4_000_000;

    // Beyond this, squares and sums leave the range of doubles.
    private const double Wild = 1e150;

    public static Profile Of(string path, TableFile table, FileKind kind)
    {
        var rows = table.Query("SELECT count(*) FROM t").Select(r => r.GetInt64(0)).Single();
        return new(path, kind.ToString().ToLowerInvariant(), rows, [.. table.Columns.Select(column => Column(table, column, rows))])
        {
            RefusedRows = table.RefusedRows,
            Refused = table.Refused,
        };
    }

    private static ColumnProfile Column(TableFile table, TableColumn column, long rows)
    {
        var name = TableFile.Quote(column.Name);
        var type = TypeOf(column.Type);
        var (top, unique) = Top(table, name);
        return type switch
        {
            "integer" or "number" => Number(table, column.Name, type, name, rows, unique, top),
            "timestamp" => table.Query($"SELECT count(*) - count({name}), CAST(min({name}) AS VARCHAR), CAST(max({name}) AS VARCHAR) FROM t")
                .Select(r => new ColumnProfile(column.Name, type, r.GetInt64(0), unique) { Min = Time(r, 1), Max = Time(r, 2) }).Single(),
            "boolean" => table.Query($"SELECT count(*) - count({name}) FROM t")
                .Select(r => new ColumnProfile(column.Name, type, r.GetInt64(0), unique) { Top = top }).Single(),
            _ => table.Query($"SELECT count(*) - count(v), min(length(v)), max(length(v)), avg(length(v)) FROM (SELECT CAST({name} AS VARCHAR) AS v FROM t)")
                .Select(r => new ColumnProfile(column.Name, type, r.GetInt64(0), unique)
                {
                    Top = top,
                    Length = r.IsDBNull(1) ? null : new(r.GetInt64(1), r.GetInt64(2), r.GetDouble(3)),
                }).Single(),
        };
    }

    private static ColumnProfile Number(TableFile table, string column, string type, string name, long rows, long unique, IReadOnlyList<ValueCount> top)
    {
        var numbers = $"(SELECT CAST({name} AS DOUBLE) AS v FROM t)";
        const string finite = "v IS NOT NULL AND isfinite(v)";
        var (missing, infinite, min, max) = table
            .Query($"SELECT count(*) FILTER (v IS NULL OR isnan(v)), count(*) FILTER (isinf(v)), min(v) FILTER ({finite}), max(v) FILTER ({finite}) FROM {numbers}")
            .Select(r => (r.GetInt64(0), r.GetInt64(1), Maybe(r, 2), Maybe(r, 3))).Single();
        var profile = new ColumnProfile(column, type, missing, unique) { Infinite = infinite, Min = min, Max = max, Top = type == "integer" && unique <= MostTop ? top : null };
        if (min is not { } low || max is not { } high || Math.Max(Math.Abs(low), Math.Abs(high)) > Wild)
            return profile;

        var quantile = rows <= MostExact ? "quantile_cont" : "approx_quantile";
        var quantiles = string.Join(", ", ((string[])["0.05", "0.25", "0.5", "0.75", "0.95"]).Select(q => $"CAST({quantile}(v, {q}) AS DOUBLE)"));
        var histogram = Histogram(table, numbers, finite, low, high);
        return table.Query($"SELECT avg(v), stddev_samp(v), {quantiles} FROM {numbers} WHERE {finite}")
            .Select(r => profile with
            {
                Mean = Maybe(r, 0),
                StdDev = Maybe(r, 1),
                Quantiles = new(r.GetDouble(2), r.GetDouble(3), r.GetDouble(4), r.GetDouble(5), r.GetDouble(6)),
                Histogram = histogram,
            }).Single();
    }

    private static List<Bin> Histogram(TableFile table, string numbers, string finite, double low, double high)
    {
        var width = (high - low) / Bins;
        if (width <= 0)
        {
            var all = table.Query($"SELECT count(*) FROM {numbers} WHERE {finite}").Select(r => r.GetInt64(0)).Single();
            return [new(low, high, all)];
        }

        var counts = new long[Bins];
        foreach (var r in table.Query($"SELECT CAST(least(floor((v - $1) / $2), {Bins - 1}) AS INTEGER), count(*) FROM {numbers} WHERE {finite} GROUP BY 1", low, width))
            counts[r.GetInt32(0)] += r.GetInt64(1);
        return [.. counts.Select((count, i) => new Bin(low + (i * width), i == Bins - 1 ? high : low + ((i + 1) * width), count))];
    }

    private static (IReadOnlyList<ValueCount> Top, long Unique) Top(TableFile table, string name)
    {
        var unique = 0L;
        var top = new List<ValueCount>();
        foreach (var r in table.Query($"""
            WITH g AS MATERIALIZED (SELECT {name} AS v, count(*) AS n FROM t WHERE {name} IS NOT NULL GROUP BY 1)
            SELECT left(CAST(v AS VARCHAR), {LongestValue}), n, (SELECT count(*) FROM g) FROM g ORDER BY n DESC, v LIMIT {MostTop}
            """))
        {
            top.Add(new(r.GetString(0), r.GetInt64(1)));
            unique = r.GetInt64(2);
        }

        return (top, unique);
    }

    private static string TypeOf(string type) => type switch
    {
        "TINYINT" or "SMALLINT" or "INTEGER" or "BIGINT" or "HUGEINT" or "UTINYINT" or "USMALLINT" or "UINTEGER" or "UBIGINT" or "UHUGEINT" => "integer",
        "FLOAT" or "DOUBLE" => "number",
        "BOOLEAN" => "boolean",
        "DATE" => "timestamp",
        _ when type.StartsWith("DECIMAL", StringComparison.Ordinal) => "number",
        _ when type.StartsWith("TIMESTAMP", StringComparison.Ordinal) => "timestamp",
        _ => "string",
    };

    private static double? Maybe(DuckDBDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetDouble(ordinal);

    private static string? Time(DuckDBDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : string.Join('T', reader.GetString(ordinal).Split(' ', 2)).ToString(CultureInfo.InvariantCulture);
}
