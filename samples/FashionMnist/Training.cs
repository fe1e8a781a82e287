using System.Diagnostics;
using System.Globalization;

namespace MlLifecycle.Samples.FashionMnist;

/// <summary>A model with the run that made it.</summary>
internal sealed record Trained(Run Run, Classifier Model);

/// <summary>Modeling: each model is a run on the tracking server, with all that is needed to make it again, and a version in the registry.</summary>
internal static class Training
{
    public const string Model = "garment-classifier";
    private const string Experiment = "garments";
    private const string Artifact = "model/model.zip";
    private const int TimedImages = 2000;

    /// <summary>Trains a model, or takes it from the run that has trained it already.</summary>
    /// <param name="mlflow">The project's tracking server.</param>
    /// <param name="name">The run's name.</param>
    /// <param name="data">The dataset version.</param>
    /// <param name="train">What it learns from.</param>
    /// <param name="dev">What it is looked at with while it learns.</param>
    /// <param name="test">The published test images.</param>
    /// <param name="look">Looks at the model while its run is still open: a run ends when its errors are known.</param>
    /// <param name="stop">Stops it.</param>
    public static async Task<Trained> Of(
        Mlflow mlflow, string name, DataVersion data, IReadOnlyList<Seen> train, IReadOnlyList<Seen> dev, Images test, Func<Trained, Task> look, CancellationToken stop)
    {
        Say.Step("Modeling", $"run {name}: {train.Count} images of {data.Dataset}@{data.Number}");
        var experiment = await mlflow.Experiment(Experiment, stop);
        if (await mlflow.Finished(experiment, name, stop) is { } known)
        {
            Say.Line("It was trained before: its model is taken from the run's artifacts.");
            var before = new Trained(known, Classifier.Load(new MemoryStream(await mlflow.Artifact(known, Artifact, stop))));
            Told(mlflow, before);
            await look(before);
            return before;
        }

        var run = await mlflow.Start(experiment, name, new Dictionary<string, string> { ["features"] = "HOG and brightness, 7 x 7 cells", ["sample"] = "FashionMnist" }, stop);
        try
        {
            await mlflow.Input(run, data, "training", stop);
            await mlflow.Params(run, Parameters(train), stop);
            var (model, seconds) = await Fitted(mlflow, run, train, dev, stop);
            var metrics = await Task.Run(() => Measured(model, test), stop).WaitAsync(stop);
            metrics["training_s"] = seconds;
            await mlflow.Metrics(run, metrics, Classifier.Rounds[^1], stop);
            await mlflow.Artifact(run, Artifact, model.Save(), stop);
            var trained = new Trained(run with { Metrics = metrics }, model);
            Told(mlflow, trained);
            await look(trained);
            await mlflow.End(run, "FINISHED", stop);
            return trained;
        }
        catch (Exception broken)
        {
            // A run that did not come to its end says so, and not that it still goes on.
            using var briefly = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await mlflow.End(run, broken is OperationCanceledException ? "KILLED" : "FAILED", briefly.Token);
            throw;
        }
    }

    /// <summary>The model's version in the registry.</summary>
    public static async Task<int> Registered(Mlflow mlflow, Trained trained, CancellationToken stop)
    {
        var version = await mlflow.Register(Model, trained.Run, "model", $"From run {trained.Run.Name}.", stop);
        Say.Line($"{Model} version {version} is the model of run {trained.Run.Name}");
        Say.See(mlflow.Models);
        return version;
    }

    private static async Task<(Classifier Model, double Seconds)> Fitted(Mlflow mlflow, Run run, IReadOnlyList<Seen> train, IReadOnlyList<Seen> dev, CancellationToken stop)
    {
        Classifier? model = null;
        var watch = Stopwatch.StartNew();
        await Say.Progress("Training", Classifier.Rounds.Length, async done =>
        {
            foreach (var rounds in Classifier.Rounds)
            {
                model = await Task.Run(() => Classifier.Train(train, rounds), stop).WaitAsync(stop);
                var (seen, unseen) = (model.FitOn(train), model.FitOn(dev));
                var metrics = new Dictionary<string, double>
                {
                    ["train_accuracy"] = seen.Accuracy,
                    ["train_log_loss"] = seen.LogLoss,
                    ["dev_accuracy"] = unseen.Accuracy,
                    ["dev_log_loss"] = unseen.LogLoss,
                };
                await mlflow.Metrics(run, metrics, rounds, stop);
                done();
            }
        });
        return (model!, watch.Elapsed.TotalSeconds);
    }

    private static Dictionary<string, double> Measured(Classifier model, Images test)
    {
        var fit = model.FitOn([.. Enumerable.Range(0, test.Count).Select(i => Seen.Of(test[i], test.Label(i)))]);
        var serve = model.Server();
        var latencies = new double[TimedImages];
        for (var i = 0; i < TimedImages; i++)
        {
            var start = Stopwatch.GetTimestamp();
            serve(test[i]);
            latencies[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(latencies);
        return new()
        {
            [Scope.Accuracy] = fit.Accuracy,
            ["log_loss"] = fit.LogLoss,
            [Scope.LatencyP95] = latencies[(int)(TimedImages * 0.95)],
            [Scope.Throughput] = 1000 / latencies.Average(),
        };
    }

    private static void Told(Mlflow mlflow, Trained trained)
    {
        Say.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"Accuracy {trained.Run.Metrics[Scope.Accuracy]:0.0000} on the 10 000 test images, {trained.Run.Metrics[Scope.LatencyP95]:0.00} ms for 95 of 100 answers"));
        Say.See(mlflow.Page(trained.Run));
    }

    private static Dictionary<string, string> Parameters(IReadOnlyList<Seen> train) => new()
    {
        ["algorithm"] = Classifier.Algorithm,
        ["rounds"] = Text(Classifier.Rounds[^1]),
        ["leaves"] = Text(Classifier.Leaves),
        ["learning_rate"] = Text(Classifier.LearningRate),
        ["feature_fraction"] = Text(Classifier.FeatureFraction),
        ["seed"] = Text(Classifier.Seed),
        ["features"] = Text(Features.Count),
        ["train_images"] = Text(train.Count),
    };

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
