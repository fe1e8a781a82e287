using System.Globalization;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>Copies the model registry: models, their versions under the same numbers, stages and aliases.</summary>
internal sealed class CopyRegistry(MlflowServer source, MlflowServer target, RunCopies copies, ImportReport report)
{
    /// <summary>What a server says when a name is in use.</summary>
    public const string Taken = "RESOURCE_ALREADY_EXISTS";

    private readonly CopyVersion _versions = new(source, target, copies, report);

    public async Task All(ImportProgress progress, CancellationToken stop)
    {
        var models = await SourceModels.All(source, stop);
        progress.Models(models.Count);
        foreach (var model in models)
        {
            var name = model.Text("name")!;
            try
            {
                await One(name, model, stop);
            }
            catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
            {
                report.Failed("model", name, refused.Message);
            }

            progress.ModelDone();
        }
    }

    private async Task One(string name, JsonNode model, CancellationToken stop)
    {
        var present = await Present(name, stop);
        if (present is null)
        {
            try
            {
                await target.Post(
                    "registered-models/create",
                    new { name, description = model.Text("description"), tags = model.Tags().Select(t => new { key = t.Key, value = t.Value }) },
                    stop);
            }
            catch (RefusedException taken) when (taken.Code == Taken)
            {
                // The first answer was lost, and the request was sent again.
            }

            report.Copied("models");
        }
        else
        {
            report.Already("models");
            await Describe(name, model, present, stop);
        }

        await _versions.All(name, stop);
        await Aliases(name, present, stop);
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
    private async Task Aliases(string name, JsonNode? present, CancellationToken stop)
    {
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
                await target.Post("registered-models/alias", new { name, alias = named, version = version.ToString(CultureInfo.InvariantCulture) }, stop);
                report.Copied("aliases");
            }
            catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
            {
                report.Failed("alias", $"{name}@{named}", refused.Message);
            }
        }
    }
}
