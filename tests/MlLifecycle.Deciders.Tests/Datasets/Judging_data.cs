using MlLifecycle.Datasets.Checks;
using MlLifecycle.Datasets.Examples;
using MlLifecycle.Datasets.Splits;
using MlLifecycle.Datasets.Tables;
using MlLifecycle.Datasets.Versions;
using Shouldly;
using Xunit;
using static MlLifecycle.Datasets.Describing_a_dataset;
using static MlLifecycle.Spec;

namespace MlLifecycle.Datasets;

public sealed class Judging_data : IDisposable
{
    private readonly Files _files = new();

    [Fact]
    public async Task counts_the_important_cases_over_all_tables()
    {
        var verdicts = await Check(
            Garments with { Cases = [new("night", "time", "night", 3), new("rain", "weather", "rain", 1), new("unlabelled", "label", "", 1)] },
            ("a.csv", "time,label\nnight,1\nday,2\nnight,\n"),
            ("b.csv", "time,weather,label\nnight,sun,1\nday,sun,2\n"));
        var coverage = verdicts["coverage"];
        coverage.Passed.ShouldBeFalse();
        coverage.Detail.Cases!.Select(c => c.Found).ShouldBe([3, 0, 1]);
        coverage.Summary.ShouldBe("1 of 3 important cases are not covered: rain has 0 of 1 examples.");
    }

    [Fact]
    public async Task misses_a_column_no_file_has()
    {
        var verdicts = await Check(Garments with { Cases = [new("night", "time", "night", 3)] }, ("a.csv", "x,label\n1,1\n"));
        verdicts["coverage"].Summary.ShouldBe("1 of 1 important cases are not covered: night needs a column 'time', which no file has.");
    }

    [Fact]
    public async Task cannot_say_that_undeclared_cases_are_covered() => (await Check(Garments with { Cases = [] }, ("a.csv", "x,label\n1,1\n")))["coverage"].Passed.ShouldBeFalse();

    [Fact]
    public async Task finds_the_same_input_with_another_label_across_files()
    {
        var verdicts = await Check(
            Garments,
            ("a.csv", "id,x,y,label\n1,1,a,0\n2,1,b,0\n3,1,a,1\n4,1,a,0\n"),
            ("b.csv", "id,x,y,label\n9,1,b,0\n8,1,b,2\n"));
        var consistency = verdicts["label-consistency"];
        (consistency.Passed, consistency.Detail.Duplicates, consistency.Detail.Conflicts).ShouldBe((false, 4, 2));
        consistency.Detail.Examples![0].Rows.ShouldBe(["a.csv#0", "a.csv#2"]);
        consistency.Detail.Examples[0].Labels.ShouldBe(["0", "1"]);
        consistency.Detail.Examples[1].Rows.ShouldBe(["a.csv#1", "b.csv#1"]);
    }

    [Fact]
    public async Task does_not_take_shifted_values_for_the_same() =>
        (await Check(Garments, ("a.csv", "x,y,label\n1,12,0\n11,2,1\n,a,0\na,,1\n")))["label-consistency"].Detail.Duplicates.ShouldBe(0);

    [Fact]
    public async Task looks_at_images_with_their_labels()
    {
        var pixels = new byte[200];
        for (var i = 0; i < 198; i++)
            pixels[i] = (byte)i;
        var labels = Enumerable.Range(0, 200).Select(i => (byte)(i % 2)).ToArray();
        var verdicts = await Check(Garments with { Cases = [new("boots", "label", "1", 100)] },
            ("t-images-idx3-ubyte", Files.Idx([200, 1, 1], pixels)), ("t-labels-idx1-ubyte.gz", []), ("t-labels-idx1-ubyte", Files.Idx([200], labels)));
        verdicts["coverage"].Passed.ShouldBeTrue();
        // Pixels 0, 0 (rows 198 and 199 again) with the labels 0, 0, 1.
        (verdicts["label-consistency"].Detail.Duplicates, verdicts["label-consistency"].Detail.Conflicts).ShouldBe((2, 1));
        verdicts["size"].Summary.ShouldBe("200 examples (small data), at least 100 of each of 2 labels.");
        verdicts["size"].Examples.ShouldBe(200);
    }

    [Fact]
    public async Task takes_the_folder_for_the_label_where_there_is_no_table()
    {
        var files = Enumerable.Range(0, 120).Select(i => ($"{(i < 60 ? "cats" : "dogs")}/{i}.png", i == 119 ? "same" : i == 0 ? "same" : $"{i}")).ToArray();
        var verdicts = await Check(Garments with { Cases = [new("cats", "label", "cats", 50)] }, files);
        verdicts["coverage"].Passed.ShouldBeTrue();
        verdicts["size"].Passed.ShouldBeTrue();
        verdicts["label-consistency"].Detail.Conflicts.ShouldBe(1);
    }

    [Fact]
    public async Task asks_for_enough_examples_of_each_label()
    {
        (await Check(Garments, ("a.csv", "x,label\n1,1\n")))["size"].Summary.ShouldStartWith("1 examples are too few");
        var rare = string.Concat(Enumerable.Range(0, 200).Select(i => $"{i},{(i < 29 ? "rare" : "common")}\n"));
        (await Check(Garments, ("a.csv", "x,label\n" + rare)))["size"].Summary.ShouldStartWith("Label 'rare' has only 29 examples");
    }

    [Fact]
    public async Task names_the_line_that_does_not_fit() =>
        (await Should.ThrowAsync<UnreadableFileException>(() => Check(Garments, ("bad.csv", "x,label\n1,1\n2\n3,1\n")))).Message.ShouldStartWith("1 of its rows do not fit the header, the first in line 3");

    [Fact]
    public async Task splits_a_table_by_label_without_leaking()
    {
        var csv = "id,x,label\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"{i},{i % 50},{(i % 50 < 10 ? "rare" : "common")}\n"));
        var made = (await Split(csv, new(LabelColumn: "label"))).Made!;
        (made.Method, made.Suited, made.Duplicates).ShouldBe(("balanced", true, 50));
        made.Counts.ShouldBe(new(40, 30, 30));
        made.Distribution.ShouldBe([new("common", 32, 24, 24), new("rare", 8, 6, 6)]);
        var train = Rows(made.Files.Train);
        train.ShouldBe(train.Order());
        train.Select(i => i % 50).Intersect(Rows(made.Files.Dev).Concat(Rows(made.Files.Test)).Select(i => i % 50)).ShouldBeEmpty();
        train.Concat(Rows(made.Files.Dev)).Concat(Rows(made.Files.Test)).Order().ShouldBe(Enumerable.Range(0, 100));
        (await Split(csv, new(LabelColumn: "label"))).Made!.ShouldBeEquivalentTo(made);
        (await Split(csv, new(LabelColumn: "label", Seed: 7))).Made!.Id.ShouldNotBe(made.Id);
    }

    [Fact]
    public async Task says_when_a_method_does_not_suit_the_size()
    {
        var made = (await Split("x,label\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"{i},{i % 2}\n")), new(Method: "random"))).Made!;
        (made.Suited, made.Counts).ShouldBe((false, new(80, 10, 10)));
        made.Reason.ShouldContain("balanced");
    }

    [Theory]
    [InlineData("x,y\n1,a\n2,b\n3,c\n", "colour", "labelColumn", "It has x, y.")]
    [InlineData("x,y\n1,a\n2,b\n3,c\n", null, "labelColumn", "is needed")]
    [InlineData("x,y\n1,a\n2,b\n", "y", "path", "at least 3")]
    public async Task refuses_to_split_what_cannot_be(string csv, string? label, string field, string detail)
    {
        var refusal = (await Split(csv, new(LabelColumn: label), declared: null)).Refusal.ShouldNotBeNull();
        (refusal.Status, refusal.Field).ShouldBe((400, field));
        refusal.Detail.ShouldContain(detail);
    }

    [Fact]
    public void reads_rows_in_the_order_of_the_file()
    {
        var csv = "i,label\n" + string.Concat(Enumerable.Range(0, 300_000).Select(i => $"{i},{i}\n"));
        using var table = TableFile.Open(_files.Store, _files.Put(csv), FileKind.Csv, asText: true, default);
        ReadExamples.OfTable(table, "label", []).Index().ShouldAllBe(e => e.Item.Label == e.Index.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void refuses_labels_that_do_not_go_with_the_images()
    {
        var images = Files.Idx([2, 1, 1], [1, 2]);
        Should.Throw<InvalidDataException>(() => ReadExamples.OfIdx(new MemoryStream(images), new MemoryStream(Files.Idx([3], [1, 2, 3]))).Count()).Message.ShouldContain("2 images");
        Should.Throw<InvalidDataException>(() => ReadExamples.OfIdx(new MemoryStream(images), new MemoryStream(images)).Count());
        Should.Throw<InvalidDataException>(() => ReadExamples.OfIdx(new MemoryStream(Files.Idx([3], [1, 2, 3])), null).Count());
    }

    public void Dispose() => _files.Dispose();

    private Task<Dictionary<string, VersionChecked>> Check(Registered registered, params (string Path, string Text)[] files) =>
        Check(registered, [.. files.Select(f => (f.Path, System.Text.Encoding.UTF8.GetBytes(f.Text)))]);

    private async Task<Dictionary<string, VersionChecked>> Check(Registered registered, params (string Path, byte[] Content)[] files)
    {
        var entries = files.Where(f => f.Content.Length > 0).OrderBy(f => f.Path, StringComparer.Ordinal).Select(f => new ManifestEntry(f.Path, _files.Put(f.Content), f.Content.Length));
        var manifest = await Manifest.Write(_files.Store, entries.ToAsyncEnumerable(), CancellationToken.None);
        return RunChecks.On(_files.Store, Version(registered, manifest.Digest), Now, "ada", CancellationToken.None).ToDictionary(v => v.Check);
    }

    private async Task<(SplitMade? Made, ServiceDefaults.Decisions.Refusal? Refusal)> Split(string csv, SplitVersion split, string? declared = "label")
    {
        var version = Version(Garments with { Label = declared is null ? null : new(declared) }, await _files.Manifest(("a.csv", csv), ("readme.md", "x")));
        return SplitSource.Of(_files.Store, version, split, out var source) is { } refusal
            ? (null, refusal)
            : MakeSplit.Of(_files.Store, version, source!, split, Now, "ada", CancellationToken.None);
    }

    private static AddressedVersion Version(Registered registered, string manifest)
    {
        var version = new VersionCommitted(StreamId, registered.Name, 1, manifest, null, 1, 1, "raw", Now, "ada");
        return new(Given<Dataset>(registered, version).State, version);
    }

    private List<int> Rows(string digest) => [.. File.ReadLines(_files.Store.PathOf(digest)).Select(int.Parse)];
}
