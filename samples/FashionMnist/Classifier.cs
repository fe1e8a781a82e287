using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.LightGbm;
using Microsoft.ML.Transforms;

namespace MlLifecycle.Samples.FashionMnist;

/// <summary>An example as ML.NET takes it.</summary>
internal sealed class Seen
{
    public float Label { get; set; }

    [VectorType(FashionMnist.Features.Count)]
    public float[] Features { get; set; } = [];

    public static Seen Of(ReadOnlySpan<byte> image, byte label) => new() { Label = label, Features = FashionMnist.Features.Of(image) };

    public static Task<IReadOnlyList<Seen>> Of(Images images, int[] which, CancellationToken stop) =>
        Task.Run<IReadOnlyList<Seen>>(() => [.. which.Select(i => Of(images[i], images.Label(i)))], stop).WaitAsync(stop);
}

/// <summary>What the model makes of an example: a probability for each class.</summary>
internal sealed class Judged
{
    public float[] Score { get; set; } = [];

    public int Class => Score.IndexOf(Score.Max());
}

/// <summary>Accuracy and log loss over examples.</summary>
internal sealed record Fit(double Accuracy, double LogLoss);

/// <summary>Gradient-boosted trees on the features of an image (LightGBM through ML.NET).</summary>
internal sealed class Classifier
{
    public const string Algorithm = "LightGBM";
    public const int Leaves = 15;
    public const double LearningRate = 0.12;
    public const double FeatureFraction = 0.1;
    public const int Seed = 1;

    /// <summary>After how many rounds of boosting the model is looked at; the last is the model. With one seed each is the beginning of the next.</summary>
    public static readonly int[] Rounds = [10, 20, 40, 80, 160];

    private readonly MLContext _ml;
    private readonly ITransformer _model;

    private Classifier(MLContext ml, ITransformer model) => (_ml, _model) = (ml, model);

    public static Classifier Train(IReadOnlyList<Seen> examples, int rounds)
    {
        var ml = new MLContext(Seed);
        var trainer = ml.MulticlassClassification.Trainers.LightGbm(new LightGbmMulticlassTrainer.Options
        {
            NumberOfIterations = rounds,
            NumberOfLeaves = Leaves,
            LearningRate = LearningRate,
            MinimumExampleCountPerLeaf = 10,
            MaximumBinCountPerFeature = 63,
            // Threads wait for each other at every split: where the suite runs on the same cores, one is four times as fast as two.
            NumberOfThreads = 1,
            UseSoftmax = true,
            Seed = Seed,
            Deterministic = true,
            Booster = new GradientBooster.Options { FeatureFraction = FeatureFraction, L2Regularization = 1 },
        });
        var pipeline = ml.Transforms.Conversion.MapValueToKey(nameof(Seen.Label), keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue).Append(trainer);
        var model = pipeline.Fit(ml.Data.LoadFromEnumerable(examples));
        return new(ml, model);
    }

    public static Classifier Load(Stream saved)
    {
        var ml = new MLContext(Seed);
        return new(ml, ml.Model.Load(saved, out _));
    }

    public byte[] Save()
    {
        using var saved = new MemoryStream();
        _ml.Model.Save(_model, _ml.Data.LoadFromEnumerable(Array.Empty<Seen>()).Schema, saved);
        return saved.ToArray();
    }

    public IReadOnlyList<Judged> Judge(IEnumerable<Seen> examples) =>
        [.. _ml.Data.CreateEnumerable<Judged>(_model.Transform(_ml.Data.LoadFromEnumerable(examples)), reuseRowObject: false, ignoreMissingColumns: true)];

    /// <summary>One example at a time, as a service would be asked.</summary>
    public Func<ReadOnlySpan<byte>, Judged> Server()
    {
        var engine = _ml.Model.CreatePredictionEngine<Seen, Judged>(_model, ignoreMissingColumns: true);
        return image => engine.Predict(Seen.Of(image, 0));
    }

    public Fit FitOn(IReadOnlyList<Seen> examples)
    {
        var judged = Judge(examples);
        var (right, loss) = (0, 0.0);
        for (var i = 0; i < judged.Count; i++)
        {
            var label = (int)examples[i].Label;
            right += judged[i].Class == label ? 1 : 0;
            loss -= Math.Log(Math.Max(judged[i].Score[label], 1e-15));
        }

        return new((double)right / judged.Count, loss / judged.Count);
    }
}
