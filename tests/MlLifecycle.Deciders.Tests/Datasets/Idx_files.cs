using MlLifecycle.Datasets.Idx;
using MlLifecycle.Datasets.Profiles;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

public static class Idx_files
{
    // Two 1 x 2 images: black with white, and black.
    private static readonly byte[] TwoImages = Files.Idx([2, 1, 2], [0, 255, 0, 0]);

    public static TheoryData<string, byte[]> Broken => new()
    {
        { "no bytes", [] },
        { "text", "PAR1 is not"u8.ToArray() },
        { "cut header", TwoImages[..10] },
        { "cut image", TwoImages[..^1] },
        { "more than announced", [.. TwoImages, 1] },
        { "floats", Files.Idx([1, 1, 1], [0, 0, 0, 0], 0x0D) },
        { "two dimensions", Files.Idx([1, 1], [0]) },
        { "images without a pixel", Files.Idx([1, 0, 2], []) },
        { "images of four billion pixels a side", Files.Idx([1, uint.MaxValue, uint.MaxValue], [0]) },
        { "cut gzip", Files.Gzip(Files.Idx([200, 10, 10], [.. Enumerable.Range(0, 20_000).Select(i => (byte)(i * 7919 % 251))]))[..300] },
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public static void of_images_have_a_brightness(bool packed)
    {
        var profile = IdxProfile.Of("i", new MemoryStream(packed ? Files.Gzip(TwoImages) : TwoImages), default);
        (profile.Kind, profile.Rows).ShouldBe(("idx-images", 2));
        profile.Columns.ShouldBe([new("image", "image", 0, 2)]);
        var image = profile.Image.ShouldNotBeNull();
        (image.Width, image.Height, image.MeanBrightness).ShouldBe((2, 1, 0.25));
        image.StdBrightness.ShouldBe(0.353553, 1e-6); // sample standard deviation of 0.5 and 0
        image.Histogram.Count.ShouldBe(20);
        image.Histogram.Where(b => b.Count > 0).ShouldBe([new(0, 0.05, 1), new(0.5, 0.55, 1)]);
    }

    [Fact]
    public static void of_white_images_are_as_bright_as_can_be()
    {
        var image = IdxProfile.Of("i", new MemoryStream(Files.Idx([1, 1, 1], [255])), default).Image!;
        (image.MeanBrightness, image.StdBrightness, image.Histogram[^1]).ShouldBe((1.0, 0.0, new(0.95, 1, 1)));
    }

    [Fact]
    public static void of_labels_have_their_counts()
    {
        var profile = IdxProfile.Of("l", new MemoryStream(Files.Idx([4], [9, 0, 9, 255])), default);
        (profile.Kind, profile.Rows).ShouldBe(("idx-labels", 4));
        profile.Labels.ShouldBe([new("0", 1), new("9", 2), new("255", 1)]);
    }

    [Fact]
    public static void without_examples_are_empty()
    {
        var profile = IdxProfile.Of("i", new MemoryStream(Files.Idx([0, 28, 28], [])), default);
        (profile.Rows, profile.Image!.MeanBrightness).ShouldBe((0, 0));
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public static void that_are_broken_are_refused(string what, byte[] file) =>
        Should.Throw<InvalidDataException>(() => IdxProfile.Of("i", new MemoryStream(file), default), what);

    [Fact]
    public static void say_where_they_end_too_early()
    {
        using var reader = IdxReader.Open(new MemoryStream(TwoImages[..^1]));
        reader.Read(new byte[2]).ShouldBeTrue();
        Should.Throw<InvalidDataException>(() => reader.Read(new byte[2])).Message.ShouldBe("it ends within example 1 of the 2 that its header announces.");
    }

    [Fact]
    public static void of_Fashion_MNIST_are_as_bright_as_another_reader_finds_them()
    {
        const string images = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"; // Debian: dataset-fashion-mnist
        Assert.SkipUnless(File.Exists(images), "The package dataset-fashion-mnist is not installed.");
        var profile = IdxProfile.Of("i", File.OpenRead(images), default);
        (profile.Rows, profile.Columns[0].Unique, profile.Image!.Width, profile.Image.Height).ShouldBe((10_000, 10_000, 28, 28));
        // Python: b = [sum(image) / 784 / 255 for image in images]; statistics.fmean(b), statistics.stdev(b)
        profile.Image.MeanBrightness.ShouldBe(0.28684928071228494, 1e-12);
        profile.Image.StdBrightness.ShouldBe(0.1257625692244907, 1e-12);
    }

    [Theory]
    [InlineData("raw/train-images-idx3-ubyte.gz", FileKind.Idx)]
    [InlineData("t10k-labels.idx1-ubyte", FileKind.Idx)]
    [InlineData("x.idx", FileKind.Idx)]
    [InlineData("A.CSV", FileKind.Csv)]
    [InlineData("a.csv.gz", FileKind.Csv)]
    [InlineData("a.tsv", FileKind.Tsv)]
    [InlineData("a.parquet", FileKind.Parquet)]
    [InlineData("a.parquet.gz", FileKind.Opaque)]
    [InlineData("a.png", FileKind.Opaque)]
    [InlineData("csv", FileKind.Opaque)]
    public static void and_tables_are_known_by_their_names(string path, FileKind kind) => FileKinds.Of(path).ShouldBe(kind);

    [Fact]
    public static void of_images_have_their_labels_beside_them() =>
        FileKinds.LabelsOf("images/train-images-idx3-ubyte.gz").ShouldBe("images/train-labels-idx1-ubyte.gz");
}
