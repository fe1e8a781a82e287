using System.Text.Json.Nodes;
using Shouldly;

namespace MlLifecycle.Cli;

/// <summary>Two projects hold the same, but for ids: everything is read from both and compared.</summary>
internal static class Sameness
{
    private const string ImportedFrom = "mll.imported_from";

    public static async Task Of(Tracking from, Tracking to)
    {
        var (theirs, ours) = (await from.Experiments(), await to.Experiments());
        ours.Select(Experiment).Order().ShouldBe(theirs.Select(Experiment).Order());
        var moved = new Dictionary<string, string>();
        var experiments = new Dictionary<string, string>();
        var pairs = new List<(JsonNode Theirs, JsonNode Ours)>();
        foreach (var experiment in theirs)
        {
            var same = ours.Single(e => Tracking.Text(e, "name") == Tracking.Text(experiment, "name"));
            experiments[Tracking.Text(experiment, "experiment_id")] = Tracking.Text(same, "experiment_id");
            var before = await from.Runs(Tracking.Text(experiment, "experiment_id"));
            var after = await to.Runs(Tracking.Text(same, "experiment_id"));
            after.Count.ShouldBe(before.Count);
            foreach (var run in before)
            {
                var copy = after.Single(r => Tags(r)[ImportedFrom] == Id(run));
                moved[Id(run)] = Id(copy);
                pairs.Add((run, copy));
            }
        }

        pairs.Count.ShouldBe(Source.Runs);
        await ModelsAndTraces.Same(from, to, experiments, moved);
        foreach (var (run, copy) in pairs)
        {
            Plain(copy, []).ShouldBe(Plain(run, moved));
            foreach (var metric in run["data"]!["metrics"]!.AsArray())
            {
                var key = Tracking.Text(metric!, "key");
                (await to.History(Id(copy), key)).ShouldBe(await from.History(Id(run), key), key);
            }

            (await to.Files(Id(copy))).ShouldBe(await from.Files(Id(run)));
        }

        await Registry(from, to, moved);
    }

    private static async Task Registry(Tracking from, Tracking to, Dictionary<string, string> moved)
    {
        foreach (var name in (string[])["garments", "other"])
        {
            var theirs = (await from.Get($"registered-models/get?name={name}"))["registered_model"]!;
            var ours = (await to.Get($"registered-models/get?name={name}"))["registered_model"]!;
            Model(ours).ShouldBe(Model(theirs));
            var before = (await from.Get($"model-versions/search?filter=name%3D'{name}'"))["model_versions"]?.AsArray() ?? [];
            var after = (await to.Get($"model-versions/search?filter=name%3D'{name}'"))["model_versions"]?.AsArray() ?? [];
            // A registry lists what changed last first, which is another order after a move.
            after.Select(v => Version(v!, [])).Order().ShouldBe(before.Select(v => Version(v!, moved)).Order());
        }
    }

    private static string Experiment(JsonNode e) => $"{e["name"]} {e["lifecycle_stage"]} {Pairs(e["tags"])}";

    private static string Id(JsonNode run) => Tracking.Text(run["info"]!, "run_id");

    private static Dictionary<string, string> Tags(JsonNode run) => run["data"]!["tags"]!.AsArray().ToDictionary(t => Tracking.Text(t!, "key"), t => Tracking.Text(t!, "value"));

    // All of a run that a move must keep, with the ids that it gives anew replaced.
    private static string Plain(JsonNode run, Dictionary<string, string> moved)
    {
        var info = run["info"]!;
        var tags = Tags(run).Where(t => t.Key != ImportedFrom).OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => $"{t.Key}={moved.GetValueOrDefault(t.Value, t.Value)}");
        return string.Join(
            '\n',
            [
                $"{info["run_name"]} {info["user_id"]} {info["status"]} {info["start_time"]} {info["end_time"]} {info["lifecycle_stage"]}",
                Pairs(run["data"]!["params"]),
                run["data"]!["metrics"]!.ToJsonString(),
                Named(run["inputs"]!, moved),
                Named(run["outputs"]!, moved),
                .. tags,
            ]);
    }

    private static string Named(JsonNode links, Dictionary<string, string> moved) =>
        moved.Aggregate(links.ToJsonString(), (json, move) => json.Replace(move.Key, move.Value, StringComparison.Ordinal));

    private static string Model(JsonNode model) => $"{model["name"]} {model["description"]} {Pairs(model["tags"])} {model["aliases"]?.ToJsonString()}";

    private static string Version(JsonNode version, Dictionary<string, string> moved)
    {
        var run = version["run_id"]?.ToString() ?? "";
        var source = version["source"]!.ToString();
        if (moved.TryGetValue(run, out var copy))
            (run, source) = (copy, source.Replace(run, copy, StringComparison.Ordinal));
        var tags = string.Join(' ', (version["tags"]?.AsArray() ?? []).Where(t => Tracking.Text(t!, "key") != ImportedFrom).Select(t => t!.ToJsonString()));
        return $"{version["name"]} {version["version"]} {version["description"]} {version["current_stage"]} {run} {source} {tags}";
    }

    private static string Pairs(JsonNode? pairs) => string.Join(' ', (pairs?.AsArray() ?? []).Select(p => p!.ToJsonString()).Order(StringComparer.Ordinal));
}
