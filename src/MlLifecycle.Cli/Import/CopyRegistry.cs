using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>Copies the model registry: models and prompts first, then their versions, which may refer to one another, then aliases.</summary>
internal sealed class CopyRegistry(
    MlflowServer source, MlflowServer target, IReadOnlyDictionary<string, Place> places, RunCopies runs, ModelCopies logged, ImportReport report)
{
    /// <summary>What a server says when a name is in use.</summary>
    public const string Taken = "RESOURCE_ALREADY_EXISTS";

    private const string ExperimentsOfPrompt = "_mlflow_experiment_ids";

    public async Task All(ImportProgress progress, CancellationToken stop)
    {
        var models = await SourceModels.All(source, stop);
        progress.Models(models.Count);
        foreach (var model in models)
            await Reporting(model.Text("name")!, () => One(model.Text("name")!, Moved(model), stop));
        var versions = new CopyVersion(source, target, runs, logged, report);
        foreach (var model in models)
        {
            var name = model.Text("name")!;
            await Reporting(name, () => versions.All(name, stop));
            progress.ModelDone();
        }

        foreach (var model in models)
            await Reporting(model.Text("name")!, () => Aliases(model.Text("name")!, stop));
    }

    private async Task Reporting(string name, Func<Task> copy)
    {
        try
        {
            await copy();
        }
        catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
        {
            report.Failed("model", name, refused.Message);
        }
    }

    private async Task One(string name, JsonNode model, CancellationToken stop)
    {
        if (await Present(name, stop) is { } present)
        {
            report.Already("models");
            await Describe(name, model, present, stop);
            return;
        }

        try
        {
            await target.Post("registered-models/create", new { name, description = model.Text("description"), tags = model.Tags().Select(t => new { key = t.Key, value = t.Value }) }, stop);
        }
        catch (RefusedException taken) when (taken.Code == Taken)
        {
            // The first answer was lost, and the request was sent again.
        }

        report.Copied("models");
    }

    // A prompt says by id which experiments it belongs to, as in ",1,4,".
    private JsonNode Moved(JsonNode model)
    {
        foreach (var tag in model.Items("tags").OfType<JsonObject>().Where(t => t.Text("key") == ExperimentsOfPrompt))
        {
            var ids = (tag.Text("value") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            tag["value"] = $",{string.Join(',', ids.Where(places.ContainsKey).Select(id => places[id].Id))},";
        }

        return model;
    }

    private async Task<JsonNode?> Present(string name, CancellationToken stop)
    {
        try
        {
            return (await target.Get($"registered-models/get?name={Uri.EscapeDataString(name)}", stop))["registered_model"];
        }
        catch (RefusedException unknown) when (unknown.Unknown)
        {
            return null;
        }
    }

    private async Task Describe(string name, JsonNode model, JsonNode present, CancellationToken stop)
    {
        if (model.Text("description") is { Length: > 0 } description && present.Text("description") != description)
            await target.Send(HttpMethod.Patch, "registered-models/update", new { name, description }, stop);
        var tags = present.Tags();
        foreach (var (key, value) in model.Tags())
        {
            if (tags.GetValueOrDefault(key) != value)
                await target.Post("registered-models/set-tag", new { name, key, value }, stop);
        }
    }

    // Asked of the model itself: searches leave aliases out on some servers.
    private async Task Aliases(string name, CancellationToken stop)
    {
        if (await Present(name, stop) is not { } present)
            return;
        var model = (await source.Get($"registered-models/get?name={Uri.EscapeDataString(name)}", stop))["registered_model"];
        var there = present.Items("aliases").ToDictionary(a => a.Text("alias")!, a => a["version"]!.ToString(), StringComparer.Ordinal);
        foreach (var alias in model.Items("aliases"))
        {
            var (named, version) = (alias.Text("alias")!, alias["version"]!.ToString());
            if (there.GetValueOrDefault(named) == version)
            {
                report.Already("aliases");
                continue;
            }

            try
            {
                await target.Post("registered-models/alias", new { name, alias = named, version }, stop);
                report.Copied("aliases");
            }
            catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
            {
                report.Failed("alias", $"{name}@{named}", refused.Message);
            }
        }
    }
}
