using System.Globalization;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>
/// Copies a model's versions in order. A number that the source no longer has is passed over by registering a version and deleting it, so that
/// <c>models:/name/7</c> means the same on both sides.
/// </summary>
internal sealed class CopyVersion(MlflowServer source, MlflowServer target, RunCopies copies, ImportReport report)
{
    private const string Placeholder = "placeholder";

    public async Task All(string name, CancellationToken stop)
    {
        var wanted = await SourceModels.Versions(source, name, stop);
        var there = (await SourceModels.Versions(target, name, stop)).ToDictionary(SourceModels.Number);
        foreach (var (number, left) in there.Where(v => v.Value.Tags().GetValueOrDefault(RunCopies.State) == Placeholder).ToList())
        {
            await Delete(name, number, stop);
            there.Remove(number);
        }

        var next = there.Keys.DefaultIfEmpty(0).Max() + 1;
        foreach (var version in wanted)
        {
            var number = SourceModels.Number(version);
            try
            {
                if (there.TryGetValue(number, out var present))
                {
                    await Complete(name, number, version, present, stop);
                    continue;
                }

                while (next < number)
                    next = await Pass(name, stop) + 1;
                var made = await Register(name, version, stop);
                next = SourceModels.Number(made) + 1;
                if (next != number + 1)
                    report.Failed("number of a model version", $"{name}/{number}", $"It is version {next - 1} here: that number was given before.");
                report.Copied("model versions");
                await Stage(name, next - 1, version, made, stop);
            }
            catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
            {
                report.Failed("model version", $"{name}/{number}", refused.Message);
            }
        }
    }

    private async Task Complete(string name, int number, JsonNode version, JsonNode present, CancellationToken stop)
    {
        if (present.Tags().GetValueOrDefault(RunCopies.ImportedFrom) != Origin(name, number))
        {
            report.Failed("model version", $"{name}/{number}", "The project has a version of this number already, which was not imported.");
            return;
        }

        report.Already("model versions");
        await Stage(name, number, version, present, stop);
    }

    private async Task<JsonNode> Register(string name, JsonNode version, CancellationToken stop)
    {
        var number = SourceModels.Number(version);
        var run = version.Text("run_id") is { Length: > 0 } id ? id : null;
        var copy = run is null ? null : await copies.IdOf(run, stop);
        if (run is not null && copy is null)
            report.Failed("run of a model version", $"{name}/{number}", $"The run {run} is not there to be copied; the version has no run here.");
        var place = await Place(name, number, version.Text("source") ?? "", run, copy, stop);
        var tags = version.Tags();
        tags[RunCopies.ImportedFrom] = Origin(name, number);
        return await Create(name, place, copy, version.Text("description"), tags, stop);
    }

    // Sent twice it would be two versions: after an answer that never came, it is looked up whether the version is there.
    private async Task<JsonNode> Create(string name, string place, string? run, string? description, Dictionary<string, string> tags, CancellationToken stop)
    {
        var message = new { name, source = place, run_id = run, description, tags = tags.Select(t => new { key = t.Key, value = t.Value }) };
        var mark = tags.ContainsKey(RunCopies.ImportedFrom) ? RunCopies.ImportedFrom : RunCopies.State;
        return await target.Server.Retrying(
            async () =>
            {
                try
                {
                    return (await target.PostOnce("model-versions/create", message, stop))["model_version"]!;
                }
                catch (CommandException lost) when (lost.ExitCode == ExitCode.Unreachable)
                {
                    if ((await SourceModels.Versions(target, name, stop)).FirstOrDefault(v => v.Tags().GetValueOrDefault(mark) == tags[mark]) is { } made)
                        return made;
                    throw;
                }
            },
            stop);
    }

    // Where the files are: what pointed into the old run points into the new one.
    private async Task<string> Place(string name, int number, string place, string? run, string? copy, CancellationToken stop)
    {
        const string OfRuns = "runs:/";
        if (place.StartsWith(OfRuns, StringComparison.Ordinal))
        {
            var parts = place[OfRuns.Length..].Split('/', 2);
            if (await copies.IdOf(parts[0], stop) is { } moved)
                return parts is [_, var path] ? $"{OfRuns}{moved}/{path}" : OfRuns + moved;
        }
        else if (run is not null && copy is not null && (await source.Run(run, stop))?.Info.ArtifactUri is { Length: > 0 } root && place.StartsWith(root, StringComparison.Ordinal))
        {
            return $"{OfRuns}{copy}{place[root.Length..]}";
        }

        report.Failed("files of a model version", $"{name}/{number}", $"They are not in a run that was copied, but at {place}; the version still points there.");
        // A path on the source's disk is no place that another server may name.
        return place.StartsWith('/') || place.StartsWith("file:", StringComparison.OrdinalIgnoreCase) || place.Length == 0 ? $"mll-import-elsewhere:{Uri.EscapeDataString(place)}" : place;
    }

    private async Task Stage(string name, int number, JsonNode version, JsonNode present, CancellationToken stop)
    {
        if (version.Text("current_stage") is { Length: > 0 } stage && stage != (present.Text("current_stage") ?? "None"))
        {
            await target.Post("model-versions/transition-stage", new { name, version = Text(number), stage, archive_existing_versions = false }, stop);
            report.Copied("stages");
        }
    }

    private async Task<int> Pass(string name, CancellationToken stop)
    {
        try
        {
            // Where versions cannot be deleted, none is made in order to be.
            await Delete(name, int.MaxValue, stop);
        }
        catch (RefusedException unknown) when (unknown.Unknown)
        {
        }

        var made = await Create(name, "mll-import-elsewhere:none", null, "A number that the source no longer has.", new() { [RunCopies.State] = Placeholder }, stop);
        await Delete(name, SourceModels.Number(made), stop);
        return SourceModels.Number(made);
    }

    private async Task Delete(string name, int number, CancellationToken stop) => await target.Send(HttpMethod.Delete, "model-versions/delete", new { name, version = Text(number) }, stop);

    private static string Origin(string name, int number) => $"{name}/{Text(number)}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
