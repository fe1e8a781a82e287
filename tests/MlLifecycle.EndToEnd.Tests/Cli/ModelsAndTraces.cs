using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;

namespace MlLifecycle.Cli;

/// <summary>What MLflow 3 added, and the registry that refers to it: filled in at a source, and compared on both sides.</summary>
internal static class ModelsAndTraces
{
    public const int Models = 4;
    public const int Traces = 6;
    public const int Versions = 4;
    private const string V3 = "../../3.0/mlflow/traces";

    public static async Task Fill(Tracking from, IReadOnlyList<string> runs, IReadOnlyList<string> experiments)
    {
        var models = new List<string>();
        for (var i = 0; i < Models; i++)
        {
            var model = await from.Post("logged-models", new
            {
                experiment_id = experiments[i % 2],
                name = $"net {i}",
                model_type = "agent",
                source_run_id = runs[i % 2],
                @params = new[] { new { key = "depth", value = $"{i}" } },
                tags = new[] { new { key = "team", value = "eyes" } },
            });
            var id = Tracking.Text(model["model"]!["info"]!, "model_id");
            models.Add(id);
            await from.Put($"{experiments[i % 2]}/models/{id}/artifacts/data/weights.bin", RandomNumberGenerator.GetBytes(50_000 + i));
            await from.Put($"{experiments[i % 2]}/models/{id}/artifacts/MLmodel", Encoding.UTF8.GetBytes($"model_id: {id}"));
            await from.Post("runs/log-batch", new
            {
                run_id = runs[6],
                metrics = new[] { new { key = "recall", value = 0.5 + (i / 10.0), timestamp = Source.Start, step = i, model_id = id, dataset_name = "garments", dataset_digest = "d1" } },
            });
            await from.Post("runs/outputs", new { run_id = runs[i % 2], models = new[] { new { model_id = id, step = i } } });
            await from.Post("runs/log-inputs", new { run_id = runs[6], models = new[] { new { model_id = id } } });
            if (i != 3)
                await from.Patch($"logged-models/{id}", new { status = i == 2 ? "LOGGED_MODEL_UPLOAD_FAILED" : "LOGGED_MODEL_READY" });
        }

        for (var i = 0; i < Traces; i++)
        {
            var hex = $"{i + 1:x32}";
            var id = "tr-" + hex;
            // Some leave their spans in the store, some in a file, and one has none.
            if (i % 2 == 0)
                await from.Otlp(experiments[0], Wire.Span(Convert.FromHexString(hex), [1, 2, 3, 4, 5, 6, 7, (byte)i], "ask", 1_700_000_000_250_000_000, 1_700_000_001_750_000_000, ("mlflow.spanInputs", """{"q": "what?"}"""), ("ünicode", "größe")));
            await from.Post(V3, new
            {
                trace = new
                {
                    trace_info = new
                    {
                        trace_id = id,
                        client_request_id = $"request-{i}",
                        trace_location = new { type = "MLFLOW_EXPERIMENT", mlflow_experiment = new { experiment_id = experiments[0] } },
                        request_preview = "what?",
                        response_preview = "that.",
                        request_time = "2023-11-14T22:13:20.250Z",
                        execution_duration = "1.500s",
                        state = i == 1 ? "ERROR" : "OK",
                        trace_metadata = new Dictionary<string, string> { ["mlflow.sourceRun"] = runs[0], ["mlflow.modelId"] = models[0], ["kind"] = $"{i}" },
                        tags = new Dictionary<string, string> { ["mlflow.traceName"] = "ask", ["team"] = "eyes" },
                    },
                },
            });
            if (i is 1 or 3)
                await from.Put($"{experiments[0]}/traces/{id}/artifacts/traces.json", Encoding.UTF8.GetBytes($$"""{"spans": [{"name": "{{i}}"}]}"""));
            await from.Post($"{V3}/{id}/assessments", new
            {
                assessment = new { assessment_id = $"a-{i}", assessment_name = "correct", source = new { source_type = "HUMAN", source_id = "ada" }, feedback = new { value = true }, rationale = "It is so." },
            });
        }

        await Registry(from, models);
    }

    // Version 2 of the nets is gone; the last version of 'again' is made of a version of a model that comes after it in the list.
    private static async Task Registry(Tracking from, List<string> models)
    {
        await from.Post("registered-models/create", new { name = "nets" });
        foreach (var model in models.Take(3))
            await from.Post("model-versions/create", new { name = "nets", source = $"models:/{model}", model_id = model });
        await from.Delete("model-versions/delete", new { name = "nets", version = "2" });
        await from.Post("registered-models/create", new { name = "again" });
        await from.Post("model-versions/create", new { name = "again", source = "models:/nets/3" });
        object[] prompt = [new { key = "mlflow.prompt.is_prompt", value = "true" }, new { key = "mlflow.prompt.text", value = "Say {{what}}." }];
        await from.Post("registered-models/create", new { name = "greeting", tags = prompt });
        await from.Post("model-versions/create", new { name = "greeting", source = "prompt-template", tags = prompt });
        await from.Post("registered-models/alias", new { name = "greeting", alias = "live", version = "1" });
    }

    /// <summary>How many models, traces and versions a side has.</summary>
    public static async Task<int> Count(Tracking side)
    {
        var count = 0;
        foreach (var experiment in await side.Experiments())
            count += (await Logged(side, Tracking.Text(experiment, "experiment_id"))).Count + (await Found(side, Tracking.Text(experiment, "experiment_id"))).Count;
        foreach (var name in (string[])["nets", "again", "garments"])
            count += ((await side.Get($"model-versions/search?filter=name%3D'{name}'"))["model_versions"]?.AsArray() ?? []).Count;
        return count;
    }

    public static async Task Same(Tracking from, Tracking to, IReadOnlyDictionary<string, string> experiments, Dictionary<string, string> moved)
    {
        var (models, traces) = (0, 0);
        foreach (var (there, here) in experiments)
        {
            var (before, after) = (await Logged(from, there), await Logged(to, here));
            after.Count.ShouldBe(before.Count);
            foreach (var model in before)
            {
                var copy = after.Single(m => Tag(m, "mll.imported_from") == Id(model));
                moved[Id(model)] = Id(copy);
                Plain(copy, []).ShouldBe(Plain(model, moved));
                // One that has not ended is looked into again.
                (Tag(copy, "mll.import") is null).ShouldBe(Tracking.Text(model["info"]!, "status") != "LOGGED_MODEL_PENDING");
                foreach (var file in (string[])["MLmodel", "data/weights.bin"])
                    (await to.Read($"{here}/models/{Id(copy)}/artifacts/{file}")).ShouldBe(await from.Read($"{there}/models/{Id(model)}/artifacts/{file}"));
                models++;
            }

            var (told, kept) = (await Found(from, there), await Found(to, here));
            kept.Select(t => Trace(t, [], here)).ShouldBe(told.Select(t => Trace(t, moved, here)));
            foreach (var id in told.Select(t => Tracking.Text(t, "trace_id")))
            {
                (await to.Spans(id)).ShouldBe(await from.Spans(id));
                (await to.Get($"{V3}/batchGet?trace_ids={id}"))["traces"]![0]!["spans"]!.ToJsonString().ShouldBe((await from.Get($"{V3}/batchGet?trace_ids={id}"))["traces"]![0]!["spans"]!.ToJsonString());
                traces++;
            }
        }

        (models, traces).ShouldBe((Models, Traces));
        await Versioned(from, to, moved);
    }

    private static async Task Versioned(Tracking from, Tracking to, Dictionary<string, string> moved)
    {
        (await Numbers(to, "nets")).ShouldBe(["1", "3"]);
        foreach (var number in (int[])[1, 3])
        {
            var (theirs, ours) = (await Version(from, "nets", number), await Version(to, "nets", number));
            Tracking.Text(ours, "source").ShouldBe("models:/" + moved[Tracking.Text(theirs, "model_id")]);
            Tracking.Text(ours, "model_id").ShouldBe(moved[Tracking.Text(theirs, "model_id")]);
        }

        Tracking.Text(await Version(to, "again", 1), "source").ShouldBe("models:/nets/3");
        (await Version(to, "greeting", 1))["tags"]!.ToJsonString().ShouldContain("Say {{what}}.");
        (await to.Get("registered-models/get?name=greeting"))["registered_model"]!["aliases"]!.ToJsonString().ShouldBe((await from.Get("registered-models/get?name=greeting"))["registered_model"]!["aliases"]!.ToJsonString());
    }

    private static async Task<string[]> Numbers(Tracking side, string name) =>
        [.. (await side.Get($"model-versions/search?filter=name%3D'{name}'"))["model_versions"]!.AsArray().Select(v => Tracking.Text(v!, "version")).Order()];

    private static async Task<JsonNode> Version(Tracking side, string name, int number) => (await side.Get($"model-versions/get?name={name}&version={number}"))["model_version"]!;

    private static async Task<List<JsonNode>> Logged(Tracking side, string experiment) =>
        [.. ((await side.Post("logged-models/search", new { experiment_ids = new[] { experiment } }))["models"]?.AsArray() ?? []).Select(m => m!)];

    private static async Task<List<JsonNode>> Found(Tracking side, string experiment) =>
        [.. ((await side.Post($"{V3}/search", new { experiment_ids = new[] { experiment }, max_results = 500 }))["traces"]?.AsArray() ?? []).Select(t => t!).OrderBy(t => Tracking.Text(t, "trace_id"))];

    private static string Id(JsonNode model) => Tracking.Text(model["info"]!, "model_id");

    private static string? Tag(JsonNode model, string key) => model["info"]!["tags"]?.AsArray().FirstOrDefault(t => Tracking.Text(t!, "key") == key)?["value"]?.ToString();

    private static string Plain(JsonNode model, Dictionary<string, string> moved)
    {
        var info = model["info"]!;
        var run = Tracking.Text(info, "source_run_id");
        var metrics = model["data"]!["metrics"]!.AsArray().Select(m => $"{m!["key"]} {m["value"]} {m["timestamp"]} {m["step"]} {m["dataset_name"]} {m["dataset_digest"]} {moved.GetValueOrDefault(Tracking.Text(m, "run_id"), Tracking.Text(m, "run_id"))}");
        return $"{info["name"]} {info["model_type"]} {info["status"]} {moved.GetValueOrDefault(run, run)} {Tag(model, "team")} {model["data"]!["params"]!.ToJsonString()} {string.Join(';', metrics)}";
    }

    private static string Trace(JsonNode trace, Dictionary<string, string> moved, string experiment)
    {
        var text = trace.DeepClone();
        text["trace_location"]!["mlflow_experiment"]!["experiment_id"] = experiment;
        text["tags"]!.AsObject().Remove("mlflow.artifactLocation");
        return moved.Aggregate(text.ToJsonString(), (json, move) => json.Replace(move.Key, move.Value, StringComparison.Ordinal));
    }
}
