using System.Diagnostics;
using MlLifecycle.Cli.Output;
using Spectre.Console;

namespace MlLifecycle.Cli.Import;

/// <summary>How far an import is: bars on a terminal, a line now and then in a log. On the error stream, apart from the report.</summary>
internal sealed class ImportProgress
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Seldom = TimeSpan.FromSeconds(10);

    private readonly ProgressTask? _experiments;
    private readonly ProgressTask? _models;

    private ImportProgress(ProgressContext? context)
    {
        _experiments = context?.AddTask("Experiments", autoStart: false);
        _models = context?.AddTask("Models", autoStart: false);
    }

    /// <summary>Shows progress while the work goes on.</summary>
    public static async Task During(ImportReport report, Func<ImportProgress, Task> work)
    {
        if (Console.IsErrorRedirected || Console.IsOutputRedirected)
        {
            var working = work(new ImportProgress(null));
            for (var since = Stopwatch.StartNew(); await Task.WhenAny(working, Task.Delay(Seldom)) != working; )
                Say.Aside($"{since.Elapsed:hh\\:mm\\:ss} {report.Line()}");
            await working;
            return;
        }

        var terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await terminal.Progress().HideCompleted(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                var progress = new ImportProgress(context);
                var line = context.AddTask(Markup.Escape(report.Line()), maxValue: 1);
                line.IsIndeterminate = true;
                var working = work(progress);
                do
                {
                    line.Description = Markup.Escape(report.Line());
                }
                while (await Task.WhenAny(working, Task.Delay(Often)) != working);
                line.Description = Markup.Escape(report.Line());
                line.IsIndeterminate = false;
                line.Value = 1;
                await working;
            });
    }

    public void Experiments(int count) => Begin(_experiments, count);

    public void Models(int count) => Begin(_models, count);

    public void ExperimentDone() => _experiments?.Increment(1);

    public void ModelDone() => _models?.Increment(1);

    private static void Begin(ProgressTask? task, int count)
    {
        if (task is null)
            return;
        task.MaxValue = Math.Max(1, count);
        task.StartTask();
        if (count == 0)
            task.Value = 1;
    }
}
