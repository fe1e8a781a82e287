using System.Collections.Concurrent;
using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MlLifecycle.AppHost.Local;

/// <summary>What the person at the terminal sees: lines as they come, and how each part does.</summary>
internal abstract class Screen
{
    /// <summary>A table that stays below the lines where there is a terminal, and lines alone where the output goes into a file or a pipe.</summary>
    public static Screen Of(IAnsiConsole console) => console.Profile.Out.IsTerminal && console.Profile.Capabilities.Ansi ? new LiveTable(console) : new PlainLines();

    /// <summary>A line that a part printed.</summary>
    public abstract void Line(string part, string text);

    /// <summary>A part is in another state, or has another note to it.</summary>
    /// <param name="part">The part.</param>
    /// <param name="news">Whether the state itself is another.</param>
    public abstract void Changed(Part part, bool news);

    /// <summary>Something to stand by itself, pairs of a name and a text.</summary>
    public abstract void Notice(string title, IReadOnlyList<(string Name, string Text)> lines);

    /// <summary>Shows until told to stop.</summary>
    public abstract Task RunAsync(IReadOnlyList<Part> parts, CancellationToken stop);

    /// <summary>A line without the stack trace behind it, which is in the part's log file.</summary>
    protected static string Short(string line)
    {
        const int Enough = 400;
        var trace = line.IndexOf("    at ", StringComparison.Ordinal);
        if (trace < 0)
            trace = line.IndexOf("   at ", StringComparison.Ordinal);
        var end = Math.Min(trace > 0 ? trace : line.Length, Enough);
        return end < line.Length ? $"{line[..end].TrimEnd()} …" : line;
    }

    protected static string Word(PartState state) => state.ToString().ToLowerInvariant();
}

internal sealed class PlainLines : Screen
{
    private readonly Lock _writing = new();

    public override void Line(string part, string text) => Write($"{part,-13} | {Short(text)}");

    public override void Changed(Part part, bool news)
    {
        if (news)
            Write($"{part.Name,-13} : {Word(part.State)}{(part.Note.Length > 0 ? $", {part.Note}" : "")}");
    }

    public override void Notice(string title, IReadOnlyList<(string Name, string Text)> lines) =>
        Write($"\n  {title}\n\n{string.Concat(lines.Select(line => $"  {line.Name,-10} {line.Text}\n"))}");

    public override Task RunAsync(IReadOnlyList<Part> parts, CancellationToken stop) => Task.CompletedTask;

    private void Write(string line)
    {
        lock (_writing)
            Console.WriteLine(line);
    }
}

internal sealed class LiveTable(IAnsiConsole console) : Screen
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentQueue<Action> _above = new();

    public override void Line(string part, string text) =>
        _above.Enqueue(() => console.Write(new Above(Markup.FromInterpolated(CultureInfo.InvariantCulture, $"[grey]{part,-13}[/] {Short(text)}\n"))));

    public override void Changed(Part part, bool news)
    {
        // The table shows it.
    }

    public override void Notice(string title, IReadOnlyList<(string Name, string Text)> lines) => _above.Enqueue(() =>
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn();
        foreach (var (name, text) in lines)
            grid.AddRow(new Text(name, new Style(Color.Grey)), new Text(text));
        console.Write(new Above(new Panel(grid).Header($" {Markup.Escape(title)} ").RoundedBorder().BorderColor(Color.Green).Padding(2, 1)));
    });

    // One thread writes, so that a line never lands in the middle of the table.
    public override Task RunAsync(IReadOnlyList<Part> parts, CancellationToken stop) => console.Live(new Text("")).AutoClear(false).StartAsync(async live =>
    {
        while (!stop.IsCancellationRequested)
        {
            Flush();
            live.UpdateTarget(Table(parts));
            await Task.Delay(_pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Flush();
        live.UpdateTarget(Table(parts));
    });

    private void Flush()
    {
        while (_above.TryDequeue(out var write))
            write();
    }

    private static Table Table(IReadOnlyList<Part> parts)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey).AddColumns("part", "state", "address", "pid", "memory", "restarts", "note");
        table.Columns[3].RightAligned();
        table.Columns[4].RightAligned();
        table.Columns[5].RightAligned();
        foreach (var part in parts)
        {
            var running = part.Process is { Running: true } child ? child : null;
            table.AddRow(
                new Text(part.Name),
                new Text(Word(part.State), new Style(Colour(part.State))),
                new Text(running is null ? "" : part.Address),
                new Text(running?.Id.ToString(CultureInfo.InvariantCulture) ?? ""),
                new Text(running is null ? "" : $"{running.Memory >> 20} MiB"),
                new Text(part.Restarts == 0 ? "" : part.Restarts.ToString(CultureInfo.InvariantCulture)),
                new Text(part.Note, new Style(Color.Grey)));
        }

        return table;
    }

    /// <summary>What is written above the table takes its place first: without wiping it, the wider lines of the table would show behind the narrower ones.</summary>
    private sealed class Above(IRenderable content) : Renderable
    {
        private const string WipeBelow = "\u001b[0J";

        protected override Measurement Measure(RenderOptions options, int maxWidth) => content.Measure(options, maxWidth);

        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => [Segment.Control(WipeBelow), .. content.Render(options, maxWidth)];
    }

    private static Color Colour(PartState state) => state switch
    {
        PartState.Healthy => Color.Green,
        PartState.Unhealthy or PartState.Restarting => Color.Red,
        PartState.Starting or PartState.Stopping => Color.Yellow,
        _ => Color.Grey,
    };
}
