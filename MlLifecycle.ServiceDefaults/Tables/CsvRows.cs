using System.Buffers;
using System.Text;
using System.Text.Unicode;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.ServiceDefaults.Tables;

/// <summary>
/// CSV as RFC 4180 has it, in UTF-8, separated by comma, semicolon or tab. A row that does not parse is refused and reading goes on with the
/// line after the one it began on: a quote that is never closed costs one line, not the rest of the table.
/// </summary>
public sealed class CsvRows : IRows
{
    private readonly ByteWindow _window;
    private readonly byte _separator;
    private readonly SearchValues<byte> _ends;
    private readonly List<(int Start, int Length, bool Doubled)> _fields = [];

    private CsvRows(ByteWindow window, byte separator)
    {
        _window = window;
        _separator = separator;
        _ends = SearchValues.Create([separator, (byte)'\n', (byte)'\r']);
    }

    private enum Parsed
    {
        Row,
        Blank,
        NeedsMore,
        Malformed,
        End,
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Columns { get; private set; } = [];

    /// <inheritdoc/>
    public long Row { get; private set; }

    /// <summary>Opens a file and reads its header.</summary>
    /// <param name="path">The file.</param>
    /// <param name="refusal">Why it cannot be read as such a table; null when it can.</param>
    public static CsvRows? Open(string path, out Refusal? refusal)
    {
        var window = new ByteWindow(File.OpenRead(path));
        window.Fill();
        if (window.Text is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            window.Dispose();
            refusal = Decision.InvalidInput("body", "is UTF-16; send the table in UTF-8.");
            return null;
        }

        if (window.Text is [0xEF, 0xBB, 0xBF, ..])
            window.Advance(3);
        var rows = new CsvRows(window, Separator(window.Text));
        refusal = rows.ReadHeader();
        if (refusal is null)
            return rows;
        rows.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public bool Read(Span<string?> cells, out RefusedRow? refused)
    {
        while (true)
        {
            var parsed = Parse(out var consumed, out var problem);
            switch (parsed)
            {
                case Parsed.End:
                    refused = null;
                    return false;
                case Parsed.NeedsMore when _window.Fill():
                    continue;
                case Parsed.Blank:
                    _window.Advance(consumed);
                    continue;
                case Parsed.Row when Utf8.IsValid(_window.Text[..consumed]):
                    Row++;
                    refused = Fits(cells.Length);
                    if (refused is null)
                        Take(cells);
                    _window.Advance(consumed);
                    return true;
                default:
                    Row++;
                    refused = new(Row, "row", problem ?? (parsed == Parsed.Row ? "is not valid UTF-8." : $"is longer than {ByteWindow.LongestRow} bytes, or has a quote that is never closed."));
                    _window.SkipLine();
                    return true;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _window.Dispose();

    private static byte Separator(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOfAny((byte)'\n', (byte)'\r');
        var header = end < 0 ? text : text[..end];
        int commas = header.Count((byte)','), semicolons = header.Count((byte)';'), tabs = header.Count((byte)'\t');
        return commas >= semicolons && commas >= tabs ? (byte)',' : semicolons >= tabs ? (byte)';' : (byte)'\t';
    }

    private Refusal? ReadHeader()
    {
        var parsed = Parse(out var consumed, out var problem);
        if (parsed is Parsed.End or Parsed.Blank)
            return Decision.InvalidInput("body", "is empty: the first line must name the columns.");
        if (parsed is Parsed.Malformed or Parsed.NeedsMore || !Utf8.IsValid(_window.Text[..consumed]))
            return Decision.InvalidInput("body", $"has no readable header line: it {problem ?? "is not a line of UTF-8 text"}");
        var names = new string?[_fields.Count];
        Take(names);
        _window.Advance(consumed);
        Columns = [.. names.Select((name, i) => name ?? $"column {i + 1}")];
        return ColumnNames.Check(Columns);
    }

    private RefusedRow? Fits(int columns) => _fields.Count == columns ? null
        : _fields.Count < columns ? new(Row, Columns[_fields.Count], $"is missing: the row has {_fields.Count} of {columns} fields. Was the file cut off?")
        : new(Row, "row", $"has {_fields.Count} fields where the header names {columns}. Does a value contain a separator without quotes?");

    private void Take(Span<string?> cells)
    {
        for (var i = 0; i < cells.Length; i++)
        {
            var (start, length, doubled) = _fields[i];
            var cell = Encoding.UTF8.GetString(_window.Text.Slice(start, length)).Trim();
            cells[i] = cell.Length == 0 ? null : doubled ? cell.Replace("\"\"", "\"", StringComparison.Ordinal) : cell;
        }
    }

    private Parsed Parse(out int consumed, out string? problem)
    {
        (consumed, problem) = (0, null);
        _fields.Clear();
        var text = _window.Text;
        if (text.IsEmpty)
            return _window.Final ? Parsed.End : Parsed.NeedsMore;
        for (var at = 0; ;)
        {
            if (at < text.Length && text[at] == '"')
            {
                if (Quoted(text, at + 1, out var doubled) is not { } close)
                {
                    problem = _window.Final ? "has a quote that is never closed." : null;
                    return _window.Final ? Parsed.Malformed : Parsed.NeedsMore;
                }

                _fields.Add((at + 1, close - at - 1, doubled));
                at = close + 1;
            }
            else
            {
                var length = text[at..].IndexOfAny(_ends);
                if (length < 0 && !_window.Final)
                    return Parsed.NeedsMore;
                _fields.Add((at, length < 0 ? text.Length - at : length, false));
                at = length < 0 ? text.Length : at + length;
            }

            if (at == text.Length && !_window.Final)
                return Parsed.NeedsMore;
            if (at == text.Length || text[at] is (byte)'\n' or (byte)'\r')
                return End(text, at, out consumed);
            if (text[at] != _separator)
            {
                problem = "has text after a closing quote.";
                return Parsed.Malformed;
            }

            at++;
        }
    }

    private Parsed End(ReadOnlySpan<byte> text, int at, out int consumed)
    {
        consumed = at;
        if (at < text.Length && text[at] == '\r')
        {
            if (at + 1 == text.Length && !_window.Final)
                return Parsed.NeedsMore;
            consumed = at + (at + 1 < text.Length && text[at + 1] == '\n' ? 2 : 1);
        }
        else if (at < text.Length)
        {
            consumed = at + 1;
        }

        return at == 0 ? Parsed.Blank : Parsed.Row;
    }

    /// <summary>Where the quoted field that begins at <paramref name="at"/> closes; null when it does not within the bytes at hand.</summary>
    private int? Quoted(ReadOnlySpan<byte> text, int at, out bool doubled)
    {
        doubled = false;
        while (true)
        {
            var quote = text[at..].IndexOf((byte)'"');
            if (quote < 0)
                return null;
            at += quote;
            if (at + 1 == text.Length && !_window.Final)
                return null;
            if (at + 1 == text.Length || text[at + 1] != '"')
                return at;
            doubled = true;
            at += 2;
        }
    }
}
