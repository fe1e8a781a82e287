using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>
/// Copies an experiment's traces under the ids they have: outline, tags, metadata, assessments, spans. No journal is needed: each page is compared with
/// what the project has of that time, so that what was added to a trace later comes over later.
/// </summary>
internal sealed class CopyTraces(MlflowServer source, MlflowServer target, RunCopies runs, ModelCopies models, ImportReport report)
{
    private const int AtOnce = 4;

    private readonly CopySpans _spans = new(source, target, report);

    public async Task All(Experiment experiment, Place place, CancellationToken stop)
    {
        string? root = null;
        await foreach (var page in source.TracesOf(experiment.ExperimentId, null, stop))
        {
            root ??= (await target.Get($"experiments/get?experiment_id={Uri.EscapeDataString(place.Id)}", stop))["experiment"].Text("artifact_location") ?? "";
            var there = place.New ? [] : await There(page, place, stop);
            await Parallel.ForEachAsync(page, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop }, async (trace, halt) =>
            {
                try
                {
                    await One(trace, there.GetValueOrDefault(trace.Id), place, root, halt);
                }
                catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
                {
                    report.Failed("trace", trace.Id, refused.Message);
                }
            });
        }
    }

    private async Task<Dictionary<string, TraceInfo>> There(IReadOnlyList<TraceInfo> page, Place place, CancellationToken stop)
    {
        var there = new Dictionary<string, TraceInfo>(StringComparer.Ordinal);
        if (page.Count == 0)
            return there;
        var ids = page.Select(t => t.Id).ToHashSet();
        await foreach (var found in target.TracesOf(place.Id, $"timestamp_ms >= {page.Min(t => t.Time)} AND timestamp_ms <= {page.Max(t => t.Time)}", stop))
        {
            foreach (var trace in found.Where(t => ids.Contains(t.Id)))
                there[trace.Id] = trace;
        }

        return there;
    }

    private async Task One(TraceInfo trace, TraceInfo? present, Place place, string root, CancellationToken stop)
    {
        var wanted = await Moved(trace, place, stop);
        var unfinished = present?.Tags.ContainsKey(RunCopies.State) == true;
        if (present is null || unfinished || !wanted.Within(present))
        {
            var spans = present is null || unfinished || !trace.RanAs(present) ? await _spans.Of(trace, place, root, stop) : SpansCopied.Whole;
            // In a file they are found by the client only when nothing says that they are elsewhere.
            var tags = (JsonObject)wanted.Message["tags"]!;
            if (spans == SpansCopied.InFile)
                tags.Remove(TraceInfo.SpansLocation);
            if (spans == SpansCopied.Not)
                tags[RunCopies.State] = "unfinished";
            await Recorded(wanted, stop);
            if (unfinished && spans != SpansCopied.Not)
                await target.Server.Send<JsonNode>(HttpMethod.Delete, At(trace.Id, "tags"), new { key = RunCopies.State }, null, stop);
            report.Copied("traces");
            return;
        }

        report.Already("traces");
        var given = present.Assessments.ToDictionary(a => a.Text("assessment_id") ?? "", StringComparer.Ordinal);
        foreach (var assessment in wanted.Assessments)
            await Assessed(trace.Id, assessment, given.GetValueOrDefault(assessment.Text("assessment_id") ?? ""), stop);
    }

    // With its assessments; when one of them is refused, each by itself, so that it costs neither the trace nor the others.
    private async Task Recorded(TraceInfo wanted, CancellationToken stop)
    {
        var assessments = wanted.Assessments.ToList();
        try
        {
            await target.Server.Post(target.Traces, Message(wanted.Message), stop);
            report.Copied("assessments", assessments.Count);
        }
        catch (RefusedException) when (assessments.Count > 0)
        {
            wanted.Message.Remove("assessments");
            await target.Server.Post(target.Traces, Message(wanted.Message), stop);
            foreach (var assessment in assessments)
                await Assessed(wanted.Id, assessment, null, stop);
        }

        static object Message(JsonObject info) => new { trace = new { trace_info = info } };
    }

    private async Task Assessed(string trace, JsonNode assessment, JsonNode? present, CancellationToken stop)
    {
        var changed = present is null ? [] : TraceInfo.Changeable.Where(field => assessment[field] is { } value && !JsonNode.DeepEquals(value, present[field])).ToList();
        if (present is not null && changed.Count == 0)
            return;
        try
        {
            if (present is null)
                await target.Server.Post(At(trace, "assessments"), new { assessment }, stop);
            else
                await target.Server.Send<JsonNode>(HttpMethod.Patch, At(trace, $"assessments/{Uri.EscapeDataString(present.Text("assessment_id")!)}"), new { assessment, update_mask = string.Join(',', changed) }, null, stop);
            report.Copied("assessments");
        }
        catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
        {
            report.Failed("assessment", $"{trace}: {assessment.Text("assessment_name")}", refused.Message);
        }
    }

    private async Task<TraceInfo> Moved(TraceInfo trace, Place place, CancellationToken stop)
    {
        var message = (JsonObject)trace.Message.DeepClone();
        message["trace_location"] = new JsonObject { ["type"] = "MLFLOW_EXPERIMENT", ["mlflow_experiment"] = new JsonObject { ["experiment_id"] = place.Id } };
        message["tags"] ??= new JsonObject();
        if (message["trace_metadata"] is JsonObject metadata)
        {
            await Rename(metadata, TraceInfo.SourceRun, runs.IdOf, "run", trace, stop);
            await Rename(metadata, TraceInfo.Model, models.IdOf, "logged model", trace, stop);
        }

        foreach (var assessment in message.Items("assessments"))
        {
            if (assessment["metadata"] is JsonObject more)
                await Rename(more, "mlflow.assessment.sourceRunId", runs.IdOf, "run of an assessment", trace, stop);
        }

        return new(message);
    }

    private async Task Rename(JsonObject entries, string key, Func<string, CancellationToken, Task<string?>> copy, string kind, TraceInfo trace, CancellationToken stop)
    {
        if (entries.Text(key) is not { Length: > 0 } id)
            return;
        if (await copy(id, stop) is { } moved)
            entries[key] = moved;
        else
            report.Failed($"{kind} of a trace", trace.Id, $"{id} is not among what is copied; the trace names it as it did.");
    }

    private string At(string trace, string rest) => $"{target.Traces}/{Uri.EscapeDataString(trace)}/{rest}";
}
