namespace MlLifecycle.Samples.FashionMnist;

/// <summary>Where the images lie: Debian's package, or a directory with the same four files.</summary>
internal sealed class ImageFolder(string directory)
{
    public const string Package = "/usr/share/datasets/fashion-mnist";
    public const string TrainImages = "train-images-idx3-ubyte.gz";
    public const string TrainLabels = "train-labels-idx1-ubyte.gz";
    public const string TestImages = "t10k-images-idx3-ubyte.gz";
    public const string TestLabels = "t10k-labels-idx1-ubyte.gz";

    public static readonly string[] Files = [TrainImages, TrainLabels, TestImages, TestLabels];

    public string PathOf(string file) => Path.Combine(directory, file);

    /// <summary>The 60 000 images that models are made from.</summary>
    public Images Train { get; private set; } = null!;

    /// <summary>The 10 000 images that every published figure is measured on. Nothing is ever trained on them.</summary>
    public Images Test { get; private set; } = null!;

    public static ImageFolder Open(string directory)
    {
        var folder = new ImageFolder(directory);
        if (Files.FirstOrDefault(file => !File.Exists(folder.PathOf(file))) is { } missing)
        {
            throw new SampleException(
                $"There is no {missing} in {directory}: install the images with 'apt-get install dataset-fashion-mnist', or say where they are with --images DIR.");
        }

        folder.Train = Images.Read(folder.PathOf(TrainImages), folder.PathOf(TrainLabels));
        folder.Test = Images.Read(folder.PathOf(TestImages), folder.PathOf(TestLabels));
        return folder;
    }
}
