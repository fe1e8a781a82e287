using System.Globalization;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>Reading a model registry.</summary>
internal static class SourceModels
{
    /// <summary>All registered models; prompts too, which the registry keeps and its search leaves out.</summary>
    public static async Task<List<JsonNode>> All(MlflowServer server, CancellationToken stop)
    {
        var all = await server.Search("registered-models/search?max_results=100", "registered_models", stop);
        try
        {
            var prompts = await server.Search($"registered-models/search?max_results=100&filter={Uri.EscapeDataString("tags.`mlflow.prompt.is_prompt` = 'true'")}", "registered_models", stop);
            all.AddRange(prompts.Where(prompt => all.TrueForAll(model => model.Text("name") != prompt.Text("name"))));
        }
        catch (RefusedException refused) when (refused.ExitCode == ExitCode.Failed)
        {
            // A registry that cannot be asked for prompts has none.
        }

        return all;
    }

    /// <summary>A model's versions in order.</summary>
    public static async Task<List<JsonNode>> Versions(MlflowServer server, string name, CancellationToken stop)
    {
        var filter = Uri.EscapeDataString($"name='{name.Replace("'", "''", StringComparison.Ordinal)}'");
        var found = await server.Search($"model-versions/search?max_results=200&filter={filter}", "model_versions", stop);
        // LIKE-minded servers may answer more than was asked for.
        return [.. found.Where(v => v.Text("name") == name).OrderBy(Number)];
    }

    public static int Number(JsonNode version) => int.Parse(version["version"]!.ToString(), CultureInfo.InvariantCulture);

    /// <summary>Tags of a model or a version.</summary>
    public static Dictionary<string, string> Tags(this JsonNode node) =>
        node.Items("tags").Where(t => t.Text("key") is not null).GroupBy(t => t.Text("key")!, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last().Text("value") ?? "", StringComparer.Ordinal);
}
