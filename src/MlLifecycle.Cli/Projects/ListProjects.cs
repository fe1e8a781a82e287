using System.CommandLine;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Models;
using MlLifecycle.Cli.Output;

namespace MlLifecycle.Cli.Projects;

/// <summary><c>mll projects ls</c>: the projects one may see, with where each stands.</summary>
internal static class ListProjects
{
    public static Command Command() => new Command("ls", "Lists projects and where they stand.").Does(Act);

    private static async Task Act(Context context, CancellationToken stop)
    {
        using var suite = context.Suite();
        var projects = await All(suite, "api/projects", stop);
        var standing = (await All(suite, "api/lifecycles", stop)).Where(l => l.Text("project") is not null).ToDictionary(l => l.Text("project")!);
        var rows = projects.Select(project => (Project: project, Standing: standing.GetValueOrDefault(project.Text("slug") ?? ""))).ToList();
        if (context.Json)
        {
            Say.Json(new
            {
                items = rows.Select(row => new
                {
                    slug = row.Project.Text("slug"),
                    name = row.Project.Text("name"),
                    description = row.Project.Text("description"),
                    createdAt = row.Project.Text("createdAt"),
                    stage = row.Standing.Text("stage"),
                    iteration = row.Standing?["iteration"],
                    missing = row.Standing?["missing"],
                    openAlerts = row.Standing?["openAlerts"],
                }),
            });
            return;
        }

        Say.Table(
            ["project", "name", "stage", ">iteration", ">missing", ">open alerts", "created"],
            rows.Select(row => (string[])
            [
                row.Project.Text("slug") ?? "", row.Project.Text("name") ?? "", row.Standing.Text("stage") ?? "", $"{row.Standing?["iteration"]}", $"{row.Standing?["missing"]}",
                $"{row.Standing?["openAlerts"]}", Registry.Time(row.Project, "createdAt"),
            ]));
    }

    private static async Task<List<JsonNode>> All(Server suite, string path, CancellationToken stop)
    {
        var all = new List<JsonNode>();
        string? after = null;
        do
        {
            var page = await suite.Get(after is null ? path : $"{path}?after={Uri.EscapeDataString(after)}", stop);
            all.AddRange(page.Items());
            after = page.Text("next");
        }
        while (after is not null);
        return all;
    }
}
