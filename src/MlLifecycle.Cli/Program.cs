using System.CommandLine;
using System.CommandLine.Invocation;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Import;
using MlLifecycle.Cli.Models;
using MlLifecycle.Cli.Output;
using MlLifecycle.Cli.Projects;
using MlLifecycle.Cli.Runs;

var root = new RootCommand("The command line of the MlLifecycle suite: runs, models and projects, and moving in from another MLflow server.");
foreach (var option in Context.Options)
    root.Options.Add(option);
root.Subcommands.Add(new Command("runs", "Runs of a project: list, look at, compare.") { ListRuns.Command(), ShowRun.Command(), CompareRuns.Command() });
root.Subcommands.Add(new Command("models", "The project's model registry.") { ListModels.Command(), ShowModel.Command(), NameVersion.Command() });
root.Subcommands.Add(new Command("projects", "The suite's projects.") { ListProjects.Command() });
root.Subcommands.Add(ShowStatus.Command());
root.Subcommands.Add(WhoAmI.Command());
root.Subcommands.Add(new Command("import", "Brings in what is kept elsewhere.") { ImportMlflow.Command() });

var parsed = root.Parse(args);
if (parsed.Action is ParseErrorAction)
{
    foreach (var error in parsed.Errors)
        Say.Problem(error.Message);
    var path = string.Join(' ', Names(parsed.CommandResult.Command));
    Say.Aside($"'{path} --help' says what it takes.");
    return ExitCode.Usage;
}

// An import that is interrupted ends the requests it has begun.
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(10), EnableDefaultExceptionHandler = false });

static IEnumerable<string> Names(Command command) =>
    command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? Names(parent).Append(command.Name) : ["mll"];
