using System.Globalization;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>Reading a model registry.</summary>
internal static class SourceModels
{
    private const string Prompt = "mlflow.prompt.is_prompt";

    /// <summary>All registered models; prompts too, which the registry keeps and its search leaves out.</summary>
    public static async Task<List<JsonNode>> All(MlflowServer server, CancellationToken stop)
    {
        var all = await server.Search("registered-models/search?max_results=100", "registered_models", stop);
        var names = all.Select(model => model.Text("name")).ToHashSet(StringComparer.Ordinal);
        all.AddRange((await Prompts(server, "registered-models/search?max_results=100", "", "registered_models", stop)).Where(prompt => names.Add(prompt.Text("name"))));
        return all;
    }

    /// <summary>The versions of a model or a prompt in order.</summary>
    public static async Task<List<JsonNode>> Versions(MlflowServer server, string name, CancellationToken stop)
    {
        var named = $"name='{name.Replace("'", "''", StringComparison.Ordinal)}'";
        var found = await server.Search($"model-versions/search?max_results=200&filter={Uri.EscapeDataString(named)}", "model_versions", stop);
        found.AddRange(await Prompts(server, "model-versions/search?max_results=200", named + " AND ", "model_versions", stop));
        // LIKE-minded servers may answer more than was asked for.
        return [.. found.Where(v => v.Text("name") == name).DistinctBy(Number).OrderBy(Number)];
    }

    public static bool IsPrompt(JsonNode version) => version.Tags().GetValueOrDefault(Prompt) == "true";

    public static int Number(JsonNode version) => int.Parse(version["version"]!.ToString(), CultureInfo.InvariantCulture);

    /// <summary>Tags of a model or a version.</summary>
    public static Dictionary<string, string> Tags(this JsonNode node) =>
        node.Items("tags").Where(t => t.Text("key") is not null).GroupBy(t => t.Text("key")!, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last().Text("value") ?? "", StringComparer.Ordinal);

    private static async Task<List<JsonNode>> Prompts(MlflowServer server, string search, string filter, string items, CancellationToken stop)
    {
        try
        {
            return await server.Search($"{search}&filter={Uri.EscapeDataString($"{filter}tags.`{Prompt}` = 'true'")}", items, stop);
        }
        catch (RefusedException refused) when (refused.ExitCode == ExitCode.Failed)
        {
            return []; // a registry that cannot be asked for prompts has none
        }
    }
}
