using System.CommandLine;
using System.Net.Http.Headers;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Output;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary><c>mll import mlflow</c>: copies what another MLflow server holds into a project. What was cut off goes on where it was.</summary>
internal static class ImportMlflow
{
    /// <summary>How often a request is sent while a server is briefly unable: for some half a minute in all.</summary>
    private const int Tries = 8;

    private static readonly Argument<string> Url = new("url") { Description = "The MLflow server, as in http://mlflow.example:5000. User and password may stand in it." };
    private static readonly Option<string?> SourceToken = new("--source-token") { Description = "A bearer token for that server. Better in MLL_SOURCE_TOKEN.", HelpName = "TOKEN" };

    private static readonly Option<string[]> Only = new("--experiments")
    {
        Description = "Only these experiments, by name or id; the registry is then left out.", AllowMultipleArgumentsPerToken = true, HelpName = "E",
    };

    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Only say what there is to copy." };
    private static readonly Option<FileInfo?> JournalFile = new("--journal") { Description = "Where to note what is done. Else a file in this directory, named after both sides.", HelpName = "FILE" };
    private static readonly Option<FileInfo?> ReportFile = new("--report") { Description = "Also write the report there, as JSON.", HelpName = "FILE" };

    public static Command Command() => new Command(
        "mlflow",
        "Copies experiments, runs with full metric history, artifacts and the model registry from another MLflow server into a project. Run it again to go on after an interruption, or to bring in what is new.")
    {
        Url, SourceToken, Only, DryRun, JournalFile, ReportFile,
    }.Does(Act);

    private static async Task<int> Act(Context context, CancellationToken stop)
    {
        if (Context.Address(context.Value(Url)) is not { } address)
            throw new CommandException($"The server to copy from must be an address as in http://localhost:5000; it is '{context.Value(Url)}'.", ExitCode.Usage);
        var secret = Context.Given(context.Value(SourceToken), "MLL_SOURCE_TOKEN");
        using var from = new Server(
            address,
            secret is null ? address.Credentials() : new AuthenticationHeaderValue("Bearer", secret.Trim()),
            "The MLflow server",
            "is the address right?",
            "Give a good token with --source-token or MLL_SOURCE_TOKEN.",
            Tries);
        using var suite = context.Suite(Tries);
        var source = new MlflowServer(from, "");
        var target = new MlflowServer(suite, $"mlflow/{Uri.EscapeDataString(context.Project)}/");
        if (source.Name == target.Name)
            throw new CommandException("That is the project itself: there is nothing to copy.", ExitCode.Usage);
        // Both sides are there and may be used, before anything is begun.
        await suite.Get($"api/projects/{Uri.EscapeDataString(context.Project)}", stop);
        if (!context.Value(DryRun) && (await suite.Get("api/me", stop)).Text("role") is "viewer")
            throw new CommandException($"The token of the suite is a viewer's: to copy into {context.Project} it needs the role contributor.", ExitCode.NotAllowed);
        var experiments = await Experiments(source, stop);
        var only = (context.Value(Only) ?? []).SelectMany(named => Runs.Experiments.Named(experiments, named)).ToHashSet();
        if (only.Count > 0)
            experiments = [.. experiments.Where(only.Contains)];

        var report = new ImportReport(source.Name, target.Name, context.Value(DryRun), TimeProvider.System);
        var path = context.Value(JournalFile)?.FullName ?? Path.Combine(Environment.CurrentDirectory, Journal.NameFor(source.Name, target.Name));
        using var journal = Journal.Open(path, source.Name, target.Name, readOnly: report.DryRun);
        var unfinished = "";
        try
        {
            await ImportProgress.During(report, progress => report.DryRun
                ? new Count(source, journal, report).All(experiments, registry: only.Count == 0, progress, stop)
                : new Copy(source, target, journal, report).All(experiments, registry: only.Count == 0, progress, stop));
            report.Finished = true;
        }
        catch (CommandException cut)
        {
            unfinished = cut.Message;
            throw new CommandException($"{cut.Message} What is copied stays; run the same command again and it goes on.", cut.ExitCode);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            unfinished = "Interrupted.";
            Say.Aside("What is copied stays; run the same command again and it goes on.");
            throw;
        }
        finally
        {
            report.Tell(context.Json, unfinished);
            if (context.Value(ReportFile) is { } file)
                await Write(file, Say.JsonText(report.Whole(unfinished)));
        }

        return report.Complete ? ExitCode.Done : ExitCode.Incomplete;
    }

    // Whether an MLflow server answers at all shows here.
    private static async Task<List<Experiment>> Experiments(MlflowServer source, CancellationToken stop)
    {
        try
        {
            // Every MLflow server begins with one.
            return await source.Experiments(stop) is { Count: > 0 } all ? all : throw new CommandException($"{source.Name} answers, and has no experiments at all: is it an MLflow server?");
        }
        catch (RefusedException other) when (other.NoSuchPath)
        {
            throw new CommandException($"{source.Name} answers, but not as an MLflow server does: it has no {source.Api}experiments/search. Is the address right?");
        }
    }

    private static async Task Write(FileInfo file, string report)
    {
        try
        {
            await File.WriteAllTextAsync(file.FullName, report + "\n", CancellationToken.None);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The report cannot be written: {unwritable.Message}");
        }
    }
}
