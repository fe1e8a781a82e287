using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace MlLifecycle.Cli.Output;

/// <summary>Answers: as tables on a terminal, as columns parted by tabs to a file or another program, as JSON when asked for.</summary>
internal static class Say
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static bool Plain => Console.IsOutputRedirected;

    public static void Json(object answer) => Console.Out.WriteLine(JsonSerializer.Serialize(answer, Indented));

    public static string JsonText(object answer) => JsonSerializer.Serialize(answer, Indented);

    /// <summary>A table; to another program, a line of names and a line for each row.</summary>
    /// <param name="columns">The columns' names; one that begins with <c>&gt;</c> holds numbers.</param>
    /// <param name="rows">The cells.</param>
    /// <param name="title">What it is a table of, for people.</param>
    public static void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows, string? title = null)
    {
        if (Plain)
        {
            Console.Out.WriteLine(string.Join('\t', columns.Select(column => column.TrimStart('>'))));
            foreach (var row in rows)
                Console.Out.WriteLine(string.Join('\t', row.Select(OneCell)));
            return;
        }

        // Not the table's own title: that is folded to the table's width.
        if (title is not null)
            AnsiConsole.MarkupLineInterpolated($"[bold]{Visible(title)}[/]");
        var table = new Table().RoundedBorder();
        foreach (var column in columns)
            table.AddColumn(new TableColumn($"[bold]{Markup.Escape(column.TrimStart('>'))}[/]") { Alignment = column.StartsWith('>') ? Justify.Right : Justify.Left });
        foreach (var row in rows)
            table.AddRow([.. row.Select(cell => new Text(Visible(cell)))]);
        AnsiConsole.Write(table);
    }

    /// <summary>Something about one thing.</summary>
    public static void Fact(string name, string? value)
    {
        if (string.IsNullOrEmpty(value))
            return;
        if (Plain)
            Console.Out.WriteLine($"{name}\t{OneCell(value)}");
        else
            AnsiConsole.MarkupLineInterpolated($"[grey]{name,-12}[/] {Visible(value)}");
    }

    public static void Line(string text)
    {
        if (Plain)
            Console.Out.WriteLine(text);
        else
            AnsiConsole.MarkupLineInterpolated($"{text}");
    }

    /// <summary>What is said beside the answer: on the error stream, so that it is never taken for a part of it.</summary>
    public static void Aside(string text) => Console.Error.WriteLine(text);

    public static void Problem(string text)
    {
        if (Console.IsErrorRedirected)
            Console.Error.WriteLine(text);
        else
            AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }).MarkupLineInterpolated($"[red]{text}[/]");
    }

    public static string Number(double? value) => value is { } number ? number.ToString("R", CultureInfo.InvariantCulture) : "";

    public static string Time(DateTimeOffset? time) => time?.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    public static string Span(DateTimeOffset? from, DateTimeOffset? to) => from is { } start && to is { } end ? (end - start) switch
    {
        { TotalMinutes: < 1 } span => $"{span.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s",
        { TotalHours: < 1 } span => $"{(int)span.TotalMinutes} min {span.Seconds} s",
        var span => $"{(int)span.TotalHours} h {span.Minutes} min",
    } : "";

    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} B",
        < 1024 * 1024 => $"{(bytes / 1024.0).ToString("0.0", CultureInfo.InvariantCulture)} KiB",
        < 1024L * 1024 * 1024 => $"{(bytes / 1024.0 / 1024).ToString("0.0", CultureInfo.InvariantCulture)} MiB",
        _ => $"{(bytes / 1024.0 / 1024 / 1024).ToString("0.00", CultureInfo.InvariantCulture)} GiB",
    };

    private static string OneCell(string cell) => cell.AsSpan().ContainsAny('\t', '\n', '\r')
        ? cell.Replace("\t", "\\t", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
        : cell;

    // Names come from whoever wrote them: no control character of theirs reaches the terminal.
    private static string Visible(string text) => text.Any(c => char.IsControl(c) && c != '\n') ? string.Concat(text.Select(c => char.IsControl(c) && c != '\n' ? '\uFFFD' : c)) : text;
}
