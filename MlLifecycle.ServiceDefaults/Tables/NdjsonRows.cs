using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.ServiceDefaults.Tables;

/// <summary>
/// One JSON object per line. The columns are the names that occur in any line. A list of texts becomes one cell with <c>;</c> between them, as a
/// column of tag names has it.
/// </summary>
public sealed class NdjsonRows : IRows
{
    private readonly ByteWindow _window;
    private readonly Dictionary<string, int> _places;

    private NdjsonRows(ByteWindow window, Dictionary<string, int> places)
    {
        _window = window;
        _places = places;
        Columns = [.. places.OrderBy(p => p.Value).Select(p => p.Key)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Columns { get; }

    /// <inheritdoc/>
    public long Row { get; private set; }

    /// <summary>Opens a file; a first pass over it finds the columns.</summary>
    /// <param name="path">The file.</param>
    /// <param name="refusal">Why it cannot be read as such a table; null when it can.</param>
    public static NdjsonRows? Open(string path, out Refusal? refusal)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        using (var names = new NdjsonRows(Start(path), []))
        {
            while (names.Line(out var line, out var consumed))
            {
                if (line.Length <= ByteWindow.LongestRow && Utf8.IsValid(line))
                    AddNames(line, places);
                names.Next(line, consumed);
            }
        }

        var rows = new NdjsonRows(Start(path), places);
        refusal = ColumnNames.Check(rows.Columns);
        if (refusal is null)
            return rows;
        rows.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public bool Read(Span<string?> cells, out RefusedRow? refused)
    {
        refused = null;
        if (!Line(out var line, out var consumed))
            return false;
        Row++;
        cells.Clear();
        refused = line.Length > ByteWindow.LongestRow ? new(Row, "row", $"is longer than {ByteWindow.LongestRow} bytes.")
            : !Utf8.IsValid(line) ? new(Row, "row", "is not valid UTF-8.")
            : Parse(line, cells);
        Next(line, consumed);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _window.Dispose();

    private static ByteWindow Start(string path)
    {
        var window = new ByteWindow(File.OpenRead(path));
        window.Fill();
        if (window.Text is [0xEF, 0xBB, 0xBF, ..])
            window.Advance(3);
        return window;
    }

    private static void AddNames(ReadOnlySpan<byte> line, Dictionary<string, int> places)
    {
        var reader = new Utf8JsonReader(line);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                places.TryAdd(reader.GetString()!, places.Count);
                reader.Skip();
            }
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            // The second pass refuses this row and says why.
        }
    }

    /// <summary>The next line that is not blank, without its end; false at the end of the file.</summary>
    private bool Line(out ReadOnlySpan<byte> line, out int consumed)
    {
        while (true)
        {
            var feed = _window.Text.IndexOf((byte)'\n');
            if (feed < 0 && _window.Fill())
                continue;
            line = feed < 0 ? _window.Text : _window.Text[..feed];
            consumed = feed < 0 ? line.Length : feed + 1;
            if (consumed == 0)
                return false;
            if (line.Trim(" \t\r"u8).Length > 0)
                return true;
            _window.Advance(consumed);
        }
    }

    private void Next(ReadOnlySpan<byte> line, int consumed)
    {
        if (line.Length > ByteWindow.LongestRow)
            _window.SkipLine();
        else
            _window.Advance(consumed);
    }

    private RefusedRow? Parse(ReadOnlySpan<byte> line, Span<string?> cells)
    {
        var reader = new Utf8JsonReader(line);
        var column = "row";
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return new(Row, column, "is not a JSON object.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                column = reader.GetString()!;
                reader.Read();
                cells[_places[column]] = Cell(ref reader, line);
                column = "row";
            }

            return reader.Read() ? new(Row, column, "has more than one JSON value on its line.") : null;
        }
        catch (JsonException malformed)
        {
            var why = malformed.Message.Split(" LineNumber:")[0].Split(" Path:")[0];
            return new(Row, column, $"is not JSON at byte {malformed.BytePositionInLine}: {why}");
        }
        catch (InvalidOperationException)
        {
            return new(Row, column, "holds an escaped half of a surrogate pair, which is no text.");
        }
    }

    // An escaped half of a surrogate pair is JSON, but no text: the reader answers it with InvalidOperationException.
    private static string? Cell(ref Utf8JsonReader reader, ReadOnlySpan<byte> line)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.String:
                return reader.GetString()!.Trim() is { Length: > 0 } text ? text : null;
            case JsonTokenType.StartArray:
                var items = new List<string>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (Cell(ref reader, line) is { } item)
                        items.Add(item);
                }

                return items.Count == 0 ? null : string.Join(';', items);
            case JsonTokenType.StartObject:
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                return Encoding.UTF8.GetString(line[start..(int)reader.BytesConsumed]);
            default:
                return Encoding.UTF8.GetString(reader.ValueSpan);
        }
    }
}
