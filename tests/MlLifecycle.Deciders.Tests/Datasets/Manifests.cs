using System.Text;
using CsCheck;
using MlLifecycle.Datasets.Staging;
using MlLifecycle.Datasets.Versions;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

public sealed class Manifests : IDisposable
{
    private readonly Files _files = new();

    private static Gen<string> Path => Gen.OneOf("a", "b", "c/", "é", "\ue000", "😀").Array[1, 3].Select(string.Concat).Where(p => FilePath.Check(p) is null);

    private static Gen<Dictionary<string, string>> Version => Gen.Dictionary(Path, Gen.OneOf("1", "22", "333"))[0, 12];

    [Fact]
    public async Task are_one_line_per_file_in_order_and_named_by_their_digest()
    {
        var manifest = await _files.Manifest(("b", "22"), ("a", "1"));
        var text = await File.ReadAllTextAsync(_files.Store.PathOf(manifest), TestContext.Current.CancellationToken);
        text.ShouldBe(
            "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b 1 a\n"
            + "785f3ec7eb32f30b90cd0fcf3657d388b5ff4297f2f9716ff66e9b69c05ddd09 2 b\n");
        manifest.ShouldBe(Objects.Digest.Of(Encoding.UTF8.GetBytes(text)));
        (await _files.Manifest(("a", "1"), ("b", "22"))).ShouldBe(manifest);
    }

    [Fact]
    public async Task out_of_order_are_not_written()
    {
        var files = new[] { new ManifestEntry("b", new('a', 64), 1), new ManifestEntry("a", new('a', 64), 1) };
        await Should.ThrowAsync<InvalidOperationException>(() => Manifest.Write(_files.Store, files.ToAsyncEnumerable(), CancellationToken.None));
        Directory.GetFiles(_files.Root, "*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public Task find_every_file_and_go_on_behind_any() => Gen.Select(Version, Path).SampleAsync(async (version, other) =>
    {
        var manifest = await Of(version);
        var all = Manifest.Read(_files.Store, manifest).ToList();
        all.Select(f => f.Path).ShouldBe(version.Keys.Order(Comparer<string>.Create(FilePath.Compare)));
        all.ShouldAllBe(f => Manifest.Find(_files.Store, manifest, f.Path) == f);
        (Manifest.Find(_files.Store, manifest, other) is not null).ShouldBe(version.ContainsKey(other));
        Manifest.Read(_files.Store, manifest, other).ShouldBe(all.Where(f => FilePath.Compare(f.Path, other) > 0));
    });

    [Fact]
    public async Task of_the_longest_paths_are_found_too()
    {
        var paths = Enumerable.Range(0, 20).Select(i => $"{(char)('a' + i)}" + new string('\uffff', FilePath.MaxLength - 1)).ToArray();
        var manifest = await _files.Manifest([.. paths.Select(p => (p, "1"))]);
        paths.ShouldAllBe(p => Manifest.Find(_files.Store, manifest, p) != null);
        Manifest.Find(_files.Store, manifest, "b").ShouldBeNull();
    }

    [Fact]
    public Task staged_changes_laid_over_a_version_are_the_next() => Gen.Select(Version, Version, Gen.Dictionary(Path, Gen.Bool)[0, 5]).SampleAsync(async (head, puts, deletions) =>
    {
        var expected = new Dictionary<string, string>(head);
        var staged = new Dictionary<string, StagedFile>();
        foreach (var (path, text) in puts)
        {
            expected[path] = text;
            staged[path] = new(path, _files.Put(text), text.Length);
        }

        foreach (var path in deletions.Keys)
        {
            expected.Remove(path);
            staged[path] = new(path, null, 0);
        }

        var inOrder = staged.Values.OrderBy(s => s.Path, Comparer<string>.Create(FilePath.Compare)).ToAsyncEnumerable();
        var next = await Manifest.Write(_files.Store, Overlay.Apply(Manifest.Read(_files.Store, await Of(head)), inOrder), CancellationToken.None);
        next.Digest.ShouldBe(await Of(expected));
        (next.Files, next.Bytes).ShouldBe((expected.Count, expected.Values.Sum(t => t.Length)));
    });

    [Fact]
    public Task differ_as_their_files_do() => Gen.Select(Version, Version).SampleAsync(async (from, to) =>
    {
        var (shown, totals) = Differences.Of(_files.Store, await Of(from), await Of(to), null, 1000);
        Sorted(shown.Where(d => d.From is null)).ShouldBe(Sorted(to.Keys.Except(from.Keys)));
        Sorted(shown.Where(d => d.To is null)).ShouldBe(Sorted(from.Keys.Except(to.Keys)));
        Sorted(shown.Where(d => d is { From: not null, To: not null })).ShouldBe(Sorted(from.Keys.Intersect(to.Keys).Where(p => from[p] != to[p])));
        totals.Unchanged.ShouldBe(from.Count(f => to.TryGetValue(f.Key, out var text) && text == f.Value));
        totals.Bytes.ShouldBe(to.Values.Sum(t => t.Length) - from.Values.Sum(t => t.Length));
        (totals.Added + totals.Removed + totals.Modified).ShouldBe(shown.Count);
    });

    [Fact]
    public async Task differ_page_by_page_with_totals_over_all()
    {
        var to = await _files.Manifest(("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"));
        var (shown, totals) = Differences.Of(_files.Store, null, to, "a", 2);
        shown.Select(d => d.Path).ShouldBe(["b", "c", "d"]);
        totals.ShouldBe(new(4, 0, 0, 0, 4));
    }

    [Fact]
    public void that_are_damaged_are_not_read_as_if_they_were_whole()
    {
        var damaged = _files.Put("6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b 1 a\n6b86");
        Should.Throw<InvalidDataException>(() => Manifest.Read(_files.Store, damaged).ToList());
        Should.Throw<InvalidDataException>(() => Manifest.Find(_files.Store, damaged, "b"));
    }

    [Theory]
    [InlineData(null, "x", "added")]
    [InlineData("x", null, "deleted")]
    [InlineData("x", "y", "modified")]
    [InlineData("x", "x", null)]
    [InlineData(null, null, null)]
    public void staged_changes_say_what_they_change(string? below, string? staged, string? change) =>
        Overlay.Change(below is null ? null : new("a", below, 1), new("a", staged, 1)).ShouldBe(change);

    public void Dispose() => _files.Dispose();

    private static IEnumerable<string> Sorted(IEnumerable<Difference> differences) => Sorted(differences.Select(d => d.Path));

    private static IEnumerable<string> Sorted(IEnumerable<string> paths) => paths.Order(Comparer<string>.Create(FilePath.Compare));

    private Task<string> Of(Dictionary<string, string> version) => _files.Manifest([.. version.Select(f => (f.Key, f.Value))]);
}
