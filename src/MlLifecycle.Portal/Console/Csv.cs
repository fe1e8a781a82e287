namespace MlLifecycle.Portal.Console;

/// <summary>A table in text, for looking at: RFC 4180, with the separator found in its first line.</summary>
public static class Csv
{
    private static readonly char[] Separators = [',', '\t', ';'];

    /// <summary>The first rows, the head included.</summary>
    /// <param name="text">The text, or its beginning.</param>
    /// <param name="most">At most so many rows.</param>
    /// <param name="cut">Whether the text goes on after its end: its last row is then a broken one.</param>
    public static IReadOnlyList<string>[] Rows(string text, int most, bool cut)
    {
        var head = text.Split('\n', 2)[0];
        var separator = Separators.MaxBy(candidate => head.Count(c => c == candidate));
        var rows = new List<IReadOnlyList<string>>();
        var row = new List<string>();
        var cell = new System.Text.StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length && rows.Count < most; i++)
        {
            var c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"')
                cell.Append(text[++i]);
            else if (c == '"' && (quoted || cell.Length == 0))
                quoted = !quoted;
            else if (quoted || (c != separator && c is not '\n' and not '\r'))
                cell.Append(c);
            else if (c == separator)
                EndCell();
            else if (c == '\n')
                EndRow();
        }

        if (!cut && (cell.Length > 0 || row.Count > 0) && rows.Count < most)
            EndRow();
        return [.. rows];

        void EndCell()
        {
            row.Add(cell.ToString());
            cell.Clear();
        }

        void EndRow()
        {
            EndCell();
            if (row is not [""])
                rows.Add(row);
            row = [];
        }
    }
}
