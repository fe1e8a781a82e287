using System.Globalization;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>
/// Copies models' versions in order. A number that the source no longer has is passed over by registering a version and deleting it later, so that
/// <c>models:/name/7</c> means the same on both sides. A version made of another model's version has that one copied before it.
/// </summary>
internal sealed class CopyVersion(MlflowServer source, MlflowServer target, RunCopies runs, ModelCopies logged, ImportReport report)
{
    private const string Placeholder = "placeholder";

    private readonly Dictionary<string, Line> _lines = new(StringComparer.Ordinal);
    private readonly VersionFiles _files = new(source, runs, logged, report);

    public Task All(string name, CancellationToken stop) => Until(name, int.MaxValue, stop);

    // Versions up to a number, unless they have had their turn; answers which number the copy of that one has. None has what is not there, what could not
    // be copied, and what is at work: a circle ends here too.
    private async Task<int?> Until(string name, int last, CancellationToken stop)
    {
        if (!_lines.TryGetValue(name, out var line))
            _lines[name] = line = await Begin(name, stop);
        while (line.Waiting.TryPeek(out var version) && SourceModels.Number(version) <= last)
        {
            line.Waiting.Dequeue();
            try
            {
                await One(name, version, line, stop);
            }
            catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
            {
                report.Failed("model version", $"{name}/{SourceModels.Number(version)}", refused.Message);
            }
        }

        return line.Copies.TryGetValue(last, out var copy) ? copy : null;
    }

    private async Task<Line> Begin(string name, CancellationToken stop)
    {
        var all = await SourceModels.Versions(target, name, stop);
        var there = all.Where(v => v.Tags().GetValueOrDefault(RunCopies.State) != Placeholder).ToDictionary(SourceModels.Number);
        var line = new Line(new(await SourceModels.Versions(source, name, stop)), there, [.. all.Select(SourceModels.Number).Except(there.Keys)]) { Next = all.Select(SourceModels.Number).DefaultIfEmpty(0).Max() + 1 };
        await Clear(name, line, there.Keys.DefaultIfEmpty(0).Max(), stop);
        return line;
    }

    // Not before a version of a higher number is there: of numbers that are gone nothing is left by which an import that goes on could know them.
    private async Task Clear(string name, Line line, int below, CancellationToken stop)
    {
        foreach (var number in line.Placeholders.Where(number => number < below).ToList())
        {
            await Delete(name, number, stop);
            line.Placeholders.Remove(number);
        }
    }

    private async Task One(string name, JsonNode version, Line line, CancellationToken stop)
    {
        var number = SourceModels.Number(version);
        var present = line.There.Values.FirstOrDefault(v => v.Tags().GetValueOrDefault(RunCopies.ImportedFrom) == Origin(name, number));
        if (present is not null)
        {
            report.Already("model versions");
            line.Copies[number] = SourceModels.Number(present);
            await Stage(name, SourceModels.Number(present), version, present, stop);
            return;
        }

        if (line.There.ContainsKey(number))
        {
            report.Failed("model version", $"{name}/{number}", "The project has a version of this number already, which was not imported.");
            return;
        }

        var (message, tags) = await Message(name, version, stop);
        while (line.Next < number)
        {
            var passed = await Pass(name, line.Next, stop);
            line.Placeholders.Add(passed);
            line.Next = passed + 1;
        }

        var made = await Create(name, message, tags[RunCopies.ImportedFrom], stop);
        line.Next = SourceModels.Number(made) + 1;
        line.Copies[number] = line.Next - 1;
        if (line.Next != number + 1)
            report.Failed("number of a model version", $"{name}/{number}", $"It is version {line.Next - 1} here: that number was given before.");
        report.Copied("model versions");
        await Clear(name, line, line.Next - 1, stop);
        await Stage(name, line.Next - 1, version, made, stop);
    }

    private async Task<(object Message, Dictionary<string, string> Tags)> Message(string name, JsonNode version, CancellationToken stop)
    {
        var number = SourceModels.Number(version);
        var (run, model) = (version.Text("run_id") is { Length: > 0 } r ? r : null, version.Text("model_id") is { Length: > 0 } m ? m : null);
        var (runCopy, modelCopy) = (run is null ? null : await runs.IdOf(run, stop), model is null ? null : await logged.IdOf(model, stop));
        if (run is not null && runCopy is null)
            report.Failed("run of a model version", $"{name}/{number}", $"The run {run} is not there to be copied; the version has no run here.");
        if (model is not null && modelCopy is null)
            report.Failed("logged model of a model version", $"{name}/{number}", $"The logged model {model} is not there to be copied; the version has none here.");
        var place = await _files.Place(name, version, Until, stop);
        var tags = version.Tags();
        tags[RunCopies.ImportedFrom] = Origin(name, number);
        return (new { name, source = place, run_id = runCopy, model_id = modelCopy, run_link = version.Text("run_link"), description = version.Text("description"), tags = Entries(tags) }, tags);
    }

    // Sent twice it would be two versions: after an answer that never came, it is looked up whether the version is there.
    private async Task<JsonNode> Create(string name, object message, string mark, CancellationToken stop) => await target.Server.Retrying(
        async () =>
        {
            try
            {
                return (await target.PostOnce("model-versions/create", message, stop))["model_version"]!;
            }
            catch (CommandException lost) when (lost.ExitCode == ExitCode.Unreachable)
            {
                if ((await SourceModels.Versions(target, name, stop)).FirstOrDefault(v => v.Tags().GetValueOrDefault(RunCopies.ImportedFrom) == mark) is { } made)
                    return made;
                throw;
            }
        },
        stop);

    private async Task Stage(string name, int number, JsonNode version, JsonNode present, CancellationToken stop)
    {
        if (version.Text("current_stage") is { Length: > 0 } stage && stage != (present.Text("current_stage") ?? "None"))
        {
            await target.Post("model-versions/transition-stage", new { name, version = Text(number), stage, archive_existing_versions = false }, stop);
            report.Copied("stages");
        }
    }

    private async Task<int> Pass(string name, int number, CancellationToken stop)
    {
        try
        {
            // Where versions cannot be deleted, none is made in order to be.
            await Delete(name, int.MaxValue, stop);
        }
        catch (RefusedException unknown) when (unknown.Unknown)
        {
        }

        var message = new
        {
            name, source = "mll-import-elsewhere:none", description = "A number that the source no longer has.", tags = Entries(new() { [RunCopies.State] = Placeholder, [RunCopies.ImportedFrom] = $"none {Text(number)}" }),
        };
        return SourceModels.Number(await Create(name, message, $"none {Text(number)}", stop));
    }

    private async Task Delete(string name, int number, CancellationToken stop) => await target.Send(HttpMethod.Delete, "model-versions/delete", new { name, version = Text(number) }, stop);

    private static IEnumerable<object> Entries(Dictionary<string, string> tags) => tags.Select(t => new { key = t.Key, value = t.Value });

    private static string Origin(string name, int number) => $"{name}/{Text(number)}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A model's versions as they have their turns.</summary>
    /// <param name="Waiting">Those of the source that have not had theirs.</param>
    /// <param name="There">Those of the project.</param>
    /// <param name="Placeholders">Numbers that are passed over, and whose versions are still there.</param>
    private sealed record Line(Queue<JsonNode> Waiting, Dictionary<int, JsonNode> There, List<int> Placeholders)
    {
        /// <summary>The number that the project gives next.</summary>
        public int Next { get; set; }

        /// <summary>Which number in the project the copy of a version has.</summary>
        public Dictionary<int, int> Copies { get; } = [];
    }
}
