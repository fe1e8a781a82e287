using Spectre.Console;

namespace MlLifecycle.Samples.FashionMnist;

/// <summary>Tells people what happens: with colour and progress bars on a terminal, as plain lines anywhere else.</summary>
internal static class Say
{
    private static readonly bool Plain = Console.IsOutputRedirected;

    public static void Step(string name, string what)
    {
        if (Plain)
            Console.WriteLine($"\n{name}: {what}");
        else
            AnsiConsole.MarkupLineInterpolated($"\n[bold blue]{name}[/] [bold]{what}[/]");
    }

    public static void Line(string text)
    {
        if (Plain)
            Console.WriteLine($"  {text}");
        else
            AnsiConsole.MarkupLineInterpolated($"  {text}");
    }

    /// <summary>Where to look at what was just made.</summary>
    public static void See(Uri page)
    {
        if (Plain)
            Console.WriteLine($"  -> {page}");
        else
            AnsiConsole.MarkupLineInterpolated($"  [grey]->[/] [link={page}]{page}[/]");
    }

    public static void Problem(string text)
    {
        if (Console.IsErrorRedirected)
            Console.Error.WriteLine(text);
        else
            AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }).MarkupLineInterpolated($"[red]{text}[/]");
    }

    public static void Rows(string[] columns, IEnumerable<string[]> rows)
    {
        if (Plain)
        {
            string[][] all = [columns, .. rows];
            var widths = columns.Select((_, c) => all.Max(row => row[c].Length)).ToArray();
            foreach (var row in all)
                Console.WriteLine("  " + string.Join("  ", row.Select((cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))).TrimEnd());
            return;
        }

        var table = new Table().RoundedBorder();
        foreach (var (place, column) in columns.Index())
            table.AddColumn(new TableColumn(Markup.Escape(column)) { Alignment = place == 0 ? Justify.Left : Justify.Right });
        foreach (var row in rows)
            table.AddRow([.. row.Select(Markup.Escape)]);
        AnsiConsole.Write(new Padder(table, new Padding(2, 0, 0, 0)));
    }

    /// <summary>Does something in so many steps; the work calls its argument after each.</summary>
    public static async Task Progress(string what, int steps, Func<Action, Task> work)
    {
        if (Plain)
        {
            var (done, told) = (0, 0);
            await work(() =>
            {
                done++;
                // A line for every quarter is enough for a log.
                if (done * 4 / steps > told)
                {
                    told = done * 4 / steps;
                    Console.WriteLine($"  {what}: {done * 100 / steps}%");
                }
            });
            return;
        }

        await AnsiConsole.Progress().HideCompleted(false)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape("  " + what), maxValue: steps);
                await work(() => task.Increment(1));
                task.Value = steps;
            });
    }

    /// <summary>Waits until something is so; null when it is not within the time.</summary>
    public static async Task<T?> Until<T>(string what, TimeSpan most, Func<Task<T?>> look, CancellationToken stop)
        where T : class
    {
        Line($"Waiting until {what} …");
        for (var end = DateTimeOffset.UtcNow + most; ;)
        {
            if (await look() is { } found)
                return found;
            if (DateTimeOffset.UtcNow > end)
                return null;
            await Task.Delay(TimeSpan.FromMilliseconds(300), stop);
        }
    }
}
