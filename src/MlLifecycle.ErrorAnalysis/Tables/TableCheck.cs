using System.Globalization;
using MlLifecycle.ServiceDefaults.Tables;

namespace MlLifecycle.ErrorAnalysis.Tables;

/// <summary>
/// Sorts the rows of <c>source</c>: what cannot be counted goes into the refused rows with field and reason, the rest into the table <c>good</c>
/// (with <c>label</c>, <c>prediction</c> and <c>wrong</c> beside the columns).
/// </summary>
internal static class TableCheck
{
    private const int LongestTag = 200;
    private const string NotANumber = "('nan', 'inf', '+inf', '-inf', 'infinity', '+infinity', '-infinity')";

    private sealed record Rule(string Sql, int Column, Func<string, string> Reason);

    public static void Run(Scratch db, TableLayout layout, RefusedRows refused)
    {
        var rules = Rules(layout).ToList();
        var codes = string.Join(' ', rules.Select((rule, code) => $"WHEN {rule.Sql} THEN {code}"));
        var cells = string.Join(' ', rules.Select((rule, code) => $"WHEN {code} THEN c{rule.Column}"));
        db.Run($"""
            CREATE TABLE bad AS SELECT r, code, CASE code {cells} END AS cell FROM (SELECT *, CASE {codes} END AS code FROM source) WHERE code IS NOT NULL
            """);
        if (layout.Id is { } id)
        {
            rules.Add(new("", id, first => $"is the id of row {first} already."));
            db.Run($"""
                INSERT INTO bad SELECT s.r, {rules.Count - 1}, CAST(twice.first AS VARCHAR)
                FROM (SELECT r, c{id} FROM source WHERE r NOT IN (SELECT r FROM bad)) AS s
                JOIN (SELECT c{id}, min(r) AS first FROM source WHERE r NOT IN (SELECT r FROM bad) GROUP BY c{id} HAVING count(*) > 1) AS twice USING (c{id})
                WHERE s.r > twice.first
                """);
        }

        var first = db.Read(
            $"SELECT r, code, cell FROM bad ORDER BY r LIMIT {RefusedRows.Kept}",
            row => Refused(rules[Convert.ToInt32(row.GetValue(1), CultureInfo.InvariantCulture)], row.GetInt64(0), row.IsDBNull(2) ? "" : row.GetString(2), layout));
        refused.AddMany(first, db.Count("SELECT count(*) FROM bad"));
        db.Run($"""
            CREATE TABLE good AS SELECT *, label <> prediction AS wrong
            FROM (SELECT *, {Canonical($"c{layout.Label}")} AS label, {Canonical($"c{layout.Prediction}")} AS prediction FROM source)
            WHERE r NOT IN (SELECT r FROM bad);
            DROP TABLE source;
            """);
    }

    // 9 and 9.0 are the same class: data frames turn whole numbers into fractions as soon as one value is missing.
    private static string Canonical(string cell) =>
        $"CASE WHEN ends_with({cell}, '0') AND regexp_full_match({cell}, '-?[0-9]+\\.0+') THEN regexp_extract({cell}, '^-?[0-9]+') ELSE {cell} END";

    private static RefusedRow Refused(Rule rule, long row, string cell, TableLayout layout) =>
        new(row, layout.Names[rule.Column], rule.Reason(cell.Length > 60 ? cell[..60] + "…" : cell));

    private static IEnumerable<Rule> Rules(TableLayout layout)
    {
        foreach (var required in new[] { layout.Id, layout.Label, layout.Prediction }.OfType<int>())
        {
            yield return new($"c{required} IS NULL", required, _ => "is missing.");
            yield return new($"length(c{required}) <= 9 AND lower(c{required}) IN {NotANumber}", required, cell => $"is '{cell}': not a number is not a value.");
        }

        foreach (var score in layout.Scores.Order())
        {
            var number = $"try_cast(c{score} AS DOUBLE)";
            yield return new($"c{score} IS NOT NULL AND NOT coalesce(isfinite({number}), false)", score, cell => $"is '{cell}', which is not a finite number.");
            if (layout.IsProbability(score))
                yield return new($"{number} NOT BETWEEN 0 AND 1", score, cell => $"is {cell}; a probability lies between 0 and 1.");
        }

        foreach (var asked in layout.Asked.Except(layout.Scores).Order())
            yield return new($"NOT isfinite(try_cast(c{asked} AS DOUBLE))", asked, cell => $"is '{cell}', which is not a finite number.");
        if (layout.TagList is { } list)
        {
            yield return new(
                $"len(list_filter(string_split(c{list}, ';'), x -> length(trim(x)) > {LongestTag})) > 0", list, _ => $"has a tag of more than {LongestTag} characters.");
        }
    }
}
