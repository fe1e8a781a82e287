using System.Security.Cryptography;
using Shouldly;

namespace MlLifecycle.Cli;

/// <summary>A project with a little of everything: what a team that moves has.</summary>
internal static class Source
{
    public const long Start = 1_700_000_000_000;
    public const int Runs = 30;
    public const int Points = 5000;

    public static async Task Fill(Tracking from)
    {
        string[] experiments =
        [
            await from.Experiment("vision", ("team", "eyes"), ("mlflow.note.content", "What a *garment* is.")),
            await from.Experiment("speech / übung"),
            await from.Experiment("abandoned"),
        ];
        var runs = new List<string>();
        for (var i = 0; i < Runs; i++)
        {
            // Some are children of the run before; the first of an experiment has no parent.
            (string, string)[] tags = i % 5 == 4 && i >= 10 ? [("mlflow.parentRunId", runs[i - 3]), ("kind", "child")] : [("kind", "run"), ("mlflow.source.name", "train.py")];
            // A run may begin with tags of names that it could not be given later.
            if (i % 6 == 1)
                tags = [.. tags, ("owner@team", "eyes"), ("../up", "1")];
            var run = await from.Run(experiments[i % 3], $"run {i}", Start + (i * 1000), tags);
            runs.Add(run);
            await from.Post("runs/log-batch", new
            {
                run_id = run,
                @params = new[] { new { key = "depth", value = $"{i % 4}" }, new { key = "note", value = i == 3 ? new string('ß', 6000) : "zeile\nzwei" } },
                metrics = new object[]
                {
                    new { key = "accuracy", value = 0.5 + (i / 100.0), timestamp = Start + i, step = 0 },
                    new { key = "loss", value = i == 7 ? (object)"NaN" : 1.0 / (i + 1), timestamp = Start + i, step = 0 },
                },
            });
            await from.Post("runs/log-inputs", new
            {
                run_id = run,
                datasets = new[]
                {
                    new
                    {
                        tags = new[] { new { key = "mlflow.data.context", value = "training" } },
                        dataset = new { name = "garments", digest = $"digest-{i % 3}", source_type = "http", source = "http://data/garments", schema = "{}", profile = """{"rows": 12}""" },
                    },
                },
            });
            await from.Upload(run, "model/MLmodel", System.Text.Encoding.UTF8.GetBytes($"run: {i}"));
            if (i % 6 == 0)
            {
                await from.Upload(run, "plots/deep er/größe #1 50%.png", RandomNumberGenerator.GetBytes(200_000 + i));
                await from.Upload(run, "empty.txt", []);
            }

            if (i != 27) // one goes on
                await from.End(run, i % 7 == 0 ? "FAILED" : "FINISHED", Start + (i * 1000) + 500);
        }

        await from.Points(runs[1], "curve", Points, step => Math.Sin(step / 100.0));
        await from.Post("runs/delete", new { run_id = runs[4] });
        await from.Post("experiments/delete", new { experiment_id = experiments[2] });
        await Registry(from, runs);
        await ModelsAndTraces.Fill(from, runs, experiments);
    }

    private static async Task Registry(Tracking from, List<string> runs)
    {
        await from.Post("registered-models/create", new { name = "garments", description = "What it shows.", tags = new[] { new { key = "owner", value = "eyes" } } });
        await from.Post("registered-models/create", new { name = "other" });
        for (var version = 1; version <= 4; version++)
        {
            await from.Post("model-versions/create", new
            {
                name = "garments", source = $"runs:/{runs[version]}/model", run_id = runs[version], description = $"Number {version}", tags = new[] { new { key = "n", value = $"{version}" } },
            });
        }

        await from.Post("model-versions/transition-stage", new { name = "garments", version = "2", stage = "Production" });
        await from.Post("model-versions/transition-stage", new { name = "garments", version = "1", stage = "Archived" });
        await from.Post("registered-models/alias", new { name = "garments", alias = "champion", version = "3" });
        (await from.Get("registered-models/get?name=garments"))["registered_model"].ShouldNotBeNull();
    }
}
