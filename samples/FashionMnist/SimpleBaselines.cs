using System.Numerics.Tensors;

namespace MlLifecycle.Samples.FashionMnist;

/// <summary>What takes an hour to build: figures that a model must beat to be worth its while. Measured, not looked up.</summary>
internal static class SimpleBaselines
{
    private const int Cell = 2;
    private const int Size = Images.Side / Cell * (Images.Side / Cell);

    /// <summary>Accuracy on the test images of giving each image the class whose mean image is nearest.</summary>
    public static double NearestCentroid(Images train, int trainSize, Images test)
    {
        var sums = new float[Images.Classes.Length][];
        var counts = new int[sums.Length];
        for (var i = 0; i < trainSize; i++)
        {
            var sum = sums[train.Label(i)] ??= new float[Size];
            var image = Small(train[i]);
            for (var p = 0; p < Size; p++)
                sum[p] += image[p];
            counts[train.Label(i)]++;
        }

        for (var label = 0; label < sums.Length; label++)
        {
            for (var p = 0; p < Size && sums[label] is not null; p++)
                sums[label][p] /= counts[label];
        }

        return Accuracy(test, image => Nearest(sums, image));
    }

    /// <summary>Accuracy on the test images of giving each image the class of the nearest training image.</summary>
    public static double NearestNeighbour(Images train, int trainSize, Images test)
    {
        var known = Enumerable.Range(0, trainSize).Select(i => Small(train[i])).ToArray();
        return Accuracy(test, image => train.Label(Nearest(known, image)));
    }

    private static double Accuracy(Images test, Func<float[], int> classify)
    {
        var right = 0;
        Parallel.For(0, test.Count, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            if (classify(Small(test[i])) == test.Label(i))
                Interlocked.Increment(ref right);
        });
        return (double)right / test.Count;
    }

    private static int Nearest(float[][] candidates, float[] image)
    {
        var (best, least) = (0, float.MaxValue);
        for (var i = 0; i < candidates.Length; i++)
        {
            if (candidates[i] is { } candidate && TensorPrimitives.Distance<float>(candidate, image) is var distance && distance < least)
                (best, least) = (i, distance);
        }

        return best;
    }

    // Half the resolution: a quarter of the work, and little is lost.
    private static float[] Small(ReadOnlySpan<byte> image)
    {
        var small = new float[Size];
        for (var row = 0; row < Images.Side; row++)
        {
            for (var column = 0; column < Images.Side; column++)
                small[(row / Cell * (Images.Side / Cell)) + (column / Cell)] += image[(row * Images.Side) + column] / (255f * Cell * Cell);
        }

        return small;
    }
}
