using System.CommandLine;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Output;

namespace MlLifecycle.Cli.Projects;

/// <summary><c>mll status</c>: where a project stands, what its gates wait for and what to do next.</summary>
internal static class ShowStatus
{
    private static readonly Argument<string?> Named = new("PROJECT") { Description = "The project. Else --project, else MLL_PROJECT.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<DateTimeOffset?> At = Context.At("As it stood at this time.");

    public static Command Command() => new Command("status", "Says where a project stands: stage, gates, next actions.") { Named, At }.Does(Act);

    private static async Task Act(Context context, CancellationToken stop)
    {
        using var suite = context.Suite();
        var project = context.Value(Named) ?? context.Project;
        var status = await suite.Get($"api/projects/{Uri.EscapeDataString(project)}/lifecycle{Context.Query(context.Value(At))}", stop);
        if (context.Json)
        {
            Say.Json(status);
            return;
        }

        Say.Fact("project", status.Text("project"));
        Say.Fact("stage", status.Text("stage"));
        Say.Fact("iteration", $"{status["iteration"]}");
        Say.Table(
            ["gate", "open", "status", "requirement", "why"],
            status.Items("gates").SelectMany(gate => gate.Items("requirements").Select(requirement => (string[])
            [
                $"{gate.Text("gate")} -> {gate.Text("to")}", gate["open"]?.GetValue<bool>() == true ? "yes" : "no", requirement.Text("status") ?? "", requirement.Text("title") ?? "", requirement.Text("why") ?? "",
            ])),
            "Gates");
        if (status.Items("nextActions").ToList() is { Count: > 0 } actions)
        {
            Say.Line("");
            Say.Table(["next action", "reason"], actions.Select(action => (string[])[action.Text("action") ?? "", action.Text("reason") ?? ""]), "What to do next");
        }
    }
}
