using System.CommandLine;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Output;

namespace MlLifecycle.Cli.Models;

/// <summary><c>mll models show</c>: a model's versions and aliases, and who put which of them where, and when.</summary>
internal static class ShowModel
{
    private static readonly Argument<string> Name = new("NAME") { Description = "The model's name." };
    private static readonly Option<DateTimeOffset?> At = Context.At("As it stood at this time: which version was in production on 3 March?");

    public static Command Command() => new Command("show", "Shows a model: versions, stages, aliases, and their history.") { Name, At }.Does(Act);

    private static async Task Act(Context context, CancellationToken stop)
    {
        using var suite = context.Suite();
        var model = await Registry.Model(context, suite, context.Value(Name)!, context.Value(At), stop);
        if (context.Json)
        {
            Say.Json(model);
            return;
        }

        Say.Fact("name", model.Text("name"));
        Say.Fact("description", model.Text("description"));
        foreach (var (key, value) in model["tags"] as JsonObject ?? [])
            Say.Fact("tag", $"{key} = {value}");
        var aliases = (model["aliases"] as JsonObject ?? []).ToLookup(alias => $"{alias.Value}", alias => alias.Key);
        Say.Table(
            [">version", "stage", "aliases", "registered", "run", "source"],
            model.Items("versions").Select(version => (string[])
            [
                $"{version["version"]}",
                version.Text("stage") ?? "",
                string.Join(", ", aliases[$"{version["version"]}"]),
                Registry.Time(version, "createdAt"),
                version.Text("runId") ?? "",
                version.Text("source") ?? "",
            ]),
            "Versions");
        if (model.Items("history").ToList() is { Count: > 0 } history)
        {
            Say.Line("");
            Say.Table(
                ["when", "who", "what", ">version", "name or stage", "before"],
                history.Select(entry => (string[])
                [
                    Registry.Time(entry, "at"), entry.Text("actor") ?? "", entry.Text("what") ?? "", $"{entry["version"]}", entry.Text("label") ?? "", entry.Text("before") ?? "",
                ]),
                "History, the last first");
        }
    }
}
