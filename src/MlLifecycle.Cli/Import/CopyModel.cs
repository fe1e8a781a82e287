using System.Net;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>
/// Copies a logged model: parameters, tags, metrics, files, status. One whose files are all there is looked into again on a later import: it may have
/// been tagged and measured since.
/// </summary>
internal sealed class CopyModel(MlflowServer source, MlflowServer target, RunCopies runs, ModelCopies copies, ImportReport report)
{
    private const int Entries = 100;
    private readonly CopyArtifacts _artifacts = new(report);

    public async Task All(string experiment, CancellationToken stop)
    {
        await foreach (var model in source.LoggedModelsOf(experiment, stop))
            await Reporting(model, stop);
    }

    /// <summary>Completes those that runs referred to and no search has shown.</summary>
    public async Task Rest(CancellationToken stop)
    {
        foreach (var id in copies.Unfinished)
        {
            if (await ModelCopies.Find(source, id, stop) is { } model)
                await Reporting(model, stop);
        }
    }

    private async Task Reporting(LoggedModel model, CancellationToken stop)
    {
        try
        {
            await One(model, stop);
        }
        catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
        {
            report.Failed("logged model", model.Label, refused.Message);
        }
    }

    private async Task One(LoggedModel model, CancellationToken stop)
    {
        if (!copies.Take(model.Id))
            return;
        if (await copies.Of(model, stop) is not { } copy)
        {
            report.Failed("logged model", model.Label, "It was copied before, and deleted in the project since; it stays so.");
            return;
        }

        var (id, present) = (copy.Model.Id, copy.Model);
        var unfinished = copy.New || present.Tags.ContainsKey(RunCopies.State);
        var whole = await Described(model, present, id, stop) & await Measured(model, present, id, stop);
        if (!unfinished)
        {
            copies.Finished(model.Id, id);
            report.Already("logged models");
            return;
        }

        whole &= await _artifacts.All(FileTree.OfModel(source, model), FileTree.OfModel(target, present), copy.New, stop);
        if (model.Ended && present.Status != model.Status)
            await target.Send(HttpMethod.Patch, $"logged-models/{id}", new { model_id = id, status = model.Status }, stop);
        if (whole && model.Ended)
        {
            await target.Send(HttpMethod.Delete, $"logged-models/{id}/tags/{RunCopies.State}", new { }, stop);
            copies.Finished(model.Id, id);
        }

        report.Copied("logged models");
    }

    private async Task<bool> Described(LoggedModel model, LoggedModel present, string id, CancellationToken stop)
    {
        var (parameters, tags) = (present.Params, present.Tags);
        var whole = true;
        foreach (var part in model.Params.Where(p => !parameters.ContainsKey(p.Key)).Chunk(Entries))
            whole &= await Part(part, HttpMethod.Post, $"logged-models/{id}/params", sent => new { @params = sent }, "parameter", model, stop);
        foreach (var part in model.Tags.Where(t => t.Key is not (RunCopies.ImportedFrom or RunCopies.State) && tags.GetValueOrDefault(t.Key) != t.Value).Chunk(Entries))
            whole &= await Part(part, HttpMethod.Patch, $"logged-models/{id}/tags", sent => new { tags = sent }, "tag", model, stop);
        return whole;
    }

    // One bad entry makes a request of many fail: then they go one by one.
    private async Task<bool> Part(
        KeyValuePair<string, string>[] part, HttpMethod method, string path, Func<IEnumerable<object>, object> message, string kind, LoggedModel model, CancellationToken stop)
    {
        try
        {
            await target.Send(method, path, message(part.Select(entry => new { key = entry.Key, value = entry.Value })), stop);
            return true;
        }
        catch (RefusedException bad) when (bad.Status is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge)
        {
            if (part is [var (key, _)])
            {
                report.Failed($"{kind} of a logged model", $"{model.Label}: {key}", bad.Message);
                return false;
            }

            var whole = true;
            foreach (var entry in part)
                whole &= await Part([entry], method, path, message, kind, model, stop);
            return whole;
        }
    }

    // A model's points are points of a run that measured it, and are logged there.
    private async Task<bool> Measured(LoggedModel model, LoggedModel present, string id, CancellationToken stop)
    {
        var there = present.Metrics.Select(m => (m.Text("run_id"), Point(m))).ToHashSet();
        var whole = true;
        foreach (var measured in model.Metrics.GroupBy(m => m.Text("run_id") ?? ""))
        {
            if ((measured.Key.Length == 0 ? null : await runs.IdOf(measured.Key, stop)) is not { } run)
            {
                report.Failed("metrics of a logged model", model.Label, measured.Key.Length == 0 ? "The server does not say which run measured them." : $"The run {measured.Key} that measured them is not among what is copied.");
                whole = false;
                continue;
            }

            foreach (var part in measured.Where(m => !there.Contains((run, Point(m)))).Chunk(Entries * 5))
            {
                var metrics = part.Select(m => new JsonObject
                {
                    ["key"] = m["key"]?.DeepClone(),
                    ["value"] = m["value"]?.DeepClone(),
                    ["timestamp"] = Whole(m["timestamp"]),
                    ["step"] = Whole(m["step"]),
                    ["model_id"] = id,
                    ["dataset_name"] = m["dataset_name"]?.DeepClone(),
                    ["dataset_digest"] = m["dataset_digest"]?.DeepClone(),
                });
                try
                {
                    await target.Post("runs/log-batch", new { run_id = run, metrics }, stop);
                    report.Copied("metric points of logged models", part.Length);
                }
                catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
                {
                    report.Failed("metrics of a logged model", $"{model.Label}: {string.Join(", ", part.Select(m => m.Text("key")).Distinct())}", refused.Message);
                    whole = false;
                }
            }
        }

        return whole;
    }

    private static (string, string, string, long, long) Point(JsonNode metric) =>
        (metric.Text("key") ?? "", metric.Text("dataset_name") ?? "", metric.Text("dataset_digest") ?? "", Whole(metric["step"]), Whole(metric["timestamp"]));

    // 64-bit numbers come as numbers or as text.
    private static long Whole(JsonNode? number) => number is null ? 0 : long.Parse(number.ToString(), System.Globalization.CultureInfo.InvariantCulture);
}
