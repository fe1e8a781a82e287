using System.CommandLine;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Output;

namespace MlLifecycle.Cli.Models;

/// <summary><c>mll models ls</c>: the project's registered models, now or at a moment.</summary>
internal static class ListModels
{
    private static readonly Option<DateTimeOffset?> At = Context.At("As the registry stood at this time.");

    public static Command Command() => new Command("ls", "Lists registered models.") { At }.Does(Act);

    private static async Task Act(Context context, CancellationToken stop)
    {
        using var suite = context.Suite();
        var models = await suite.Get(context.Path("models" + Context.Query(context.Value(At))), stop);
        if (context.Json)
        {
            Say.Json(models);
            return;
        }

        Say.Table(
            ["name", ">versions", ">newest", "in production", "aliases", "registered"],
            models.Items().Select(model =>
            {
                var versions = model.Items("versions").ToList();
                return (string[])
                [
                    model.Text("name") ?? "",
                    $"{versions.Count}",
                    $"{versions.FirstOrDefault()?["version"]}",
                    string.Join(", ", versions.Where(v => v.Text("stage") == "production").Select(v => $"{v["version"]}")),
                    Aliases(model),
                    Registry.Time(versions.FirstOrDefault(), "createdAt"),
                ];
            }));
    }

    private static string Aliases(JsonNode model) => string.Join(", ", (model["aliases"] as JsonObject ?? []).Select(alias => $"{alias.Key} = {alias.Value}"));
}

/// <summary>Reading the registry's answers.</summary>
internal static class Registry
{
    public static string Time(JsonNode? node, string name) =>
        DateTimeOffset.TryParse(node.Text(name), System.Globalization.CultureInfo.InvariantCulture, out var time) ? Say.Time(time) : "";

    /// <summary>One model of the project, or the sentence that there is none.</summary>
    public static async Task<JsonNode> Model(Context context, Server suite, string name, DateTimeOffset? at, CancellationToken stop)
    {
        try
        {
            // The model with its history, from a suite that keeps one.
            return await suite.Get(context.Path($"models/{Uri.EscapeDataString(name)}{Context.Query(at)}"), stop);
        }
        catch (RefusedException refused) when (refused.NoSuchPath)
        {
            var all = await suite.Get(context.Path("models" + Context.Query(at)), stop);
            return all.Items().FirstOrDefault(model => model.Text("name") == name)
                ?? throw new CommandException($"The project has no model {name}{(at is null ? "" : " at that time")}.", ExitCode.NotFound);
        }
    }
}
