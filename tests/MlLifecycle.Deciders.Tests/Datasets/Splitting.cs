using System.Globalization;
using CsCheck;
using MlLifecycle.Datasets.Examples;
using MlLifecycle.Datasets.Splits;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

public static class Splitting
{
    // Contents from a small range, so that exact duplicates are common; sometimes with another label.
    private static Gen<ExampleSet> AnyExamples =>
        Gen.Select(Gen.Int[0, 60], Gen.OneOf("a", "b", "c", null), Gen.OneOf("", "night")).Array[3, 300]
            .Select(rows => ExampleSet.Of(rows.Select(r => new Example(Content(r.Item1), r.Item2, r.Item3))));

    private static Gen<Shares> AnyShares => Gen.OneOf(Shares.Small, Shares.Big, new(0.5, 0.5, 0), new(0.34, 0.33, 0.33), new(1, 0, 0));

    [Fact]
    public static void never_lets_an_exact_duplicate_straddle() => Gen.Select(AnyExamples, AnyShares, Gen.Long, Gen.Bool).Sample((examples, shares, seed, balanced) =>
    {
        var parts = Split(examples, shares, seed, balanced);
        Enumerable.Range(0, examples.Count).GroupBy(i => examples.Contents[i]).ShouldAllBe(g => g.Select(i => parts[i]).Distinct().Count() == 1);
    });

    [Fact]
    public static void is_the_same_for_a_seed() => Gen.Select(AnyExamples, AnyShares, Gen.Long, Gen.Bool).Sample((examples, shares, seed, balanced) =>
        Split(examples, shares, seed, balanced).ShouldBe(Split(examples, shares, seed, balanced)));

    [Fact]
    public static void gives_nothing_to_a_part_without_a_share() => Gen.Select(AnyExamples, Gen.Long, Gen.Bool).Sample((examples, seed, balanced) =>
        Split(examples, new(0.7, 0.3, 0), seed, balanced).ShouldAllBe(part => part < 2));

    [Fact]
    public static void balanced_keeps_every_label_and_tag_within_two_examples_of_its_share() =>
        Gen.Select(Gen.Select(Gen.OneOf("a", "b", "c", "d"), Gen.OneOf("", "night", "rain")).Array[3, 400], AnyShares, Gen.Long).Sample((rows, shares, seed) =>
        {
            var examples = ExampleSet.Of(rows.Index().Select(r => new Example(Content(r.Index), r.Item.Item1, r.Item.Item2)));
            var parts = Split(examples, shares, seed, balanced: true);
            for (var part = 0; part < 3; part++)
            {
                Math.Abs(parts.Count(p => p == part) - (rows.Length * shares[part])).ShouldBeLessThanOrEqualTo(1);
                foreach (var label in rows.GroupBy(r => r.Item1))
                    Math.Abs(rows.Index().Count(r => r.Item.Item1 == label.Key && parts[r.Index] == part) - (label.Count() * shares[part])).ShouldBeLessThanOrEqualTo(2);
                foreach (var stratum in rows.GroupBy(r => r))
                    Math.Abs(rows.Index().Count(r => r.Item == stratum.Key && parts[r.Index] == part) - (stratum.Count() * shares[part])).ShouldBeLessThanOrEqualTo(2);
            }
        });

    [Fact]
    public static void balanced_shares_out_labels_too_rare_to_be_cut()
    {
        var examples = ExampleSet.Of(Enumerable.Range(0, 100).Select(i => new Example(Content(i), i.ToString(CultureInfo.InvariantCulture))));
        var classes = Classes.Of(ExampleSet.Of(Enumerable.Range(0, 100).Select(i => new Example(Content(i), $"word {i}"))));
        classes.Names.Count.ShouldBe(100);
        var parts = Assign.Balanced(examples, [.. Enumerable.Range(0, 100)], Shares.Small, 42);
        Counts(parts).ShouldBe([40, 30, 30]);
    }

    [Fact]
    public static void random_gives_each_part_its_share()
    {
        var examples = ExampleSet.Of(Enumerable.Range(0, 60_000).Select(i => new Example(Content(i), null)));
        var parts = Assign.Random(examples, Shares.Big, 42);
        Counts(parts).ShouldBe([48_000, 6_000, 6_000]);
        var other = Assign.Random(examples, Shares.Big, 43);
        // Independent: 0.8² + 0.1² + 0.1² = 0.66 stay where they were.
        (parts.Zip(other).Count(p => p.First == p.Second) / 60_000.0).ShouldBe(0.66, 0.01);
        parts.Take(30_000).Count(p => p == 0).ShouldBeInRange(23_700, 24_300);
    }

    [Fact]
    public static void is_the_same_on_every_machine_and_in_every_release()
    {
        var examples = ExampleSet.Of(Enumerable.Range(0, 12).Select(i => new Example(Content(i), i % 2 == 0 ? "a" : "b")));
        string.Concat(Assign.Random(examples, Shares.Small, 42)).ShouldBe("120021020210");
        string.Concat(Split(examples, Shares.Small, 42, balanced: true)).ShouldBe("201220011001");
    }

    [Fact]
    public static void cuts_a_number_at_its_deciles()
    {
        var examples = ExampleSet.Of(Enumerable.Range(0, 1000).Select(i => new Example(Content(i), FormattableString.Invariant($"{i / 10.0}"))));
        var classes = Classes.Of(examples);
        classes.Names.Count.ShouldBe(10);
        (classes.Names[0], classes.Names[^1]).ShouldBe(("[0, 10)", "[90, 99.9]"));
        Enumerable.Range(0, 1000).GroupBy(i => classes.Of(examples, i)).ShouldAllBe(g => g.Count() == 100);
    }

    [Fact]
    public static void keeps_few_numbers_as_they_are_in_their_order_with_the_missing_last()
    {
        var examples = ExampleSet.Of(((string?[])["10", "9", null, "-1"]).Index().Select(l => new Example(Content(l.Index), l.Item)));
        Classes.Of(examples).Names.ShouldBe(["-1", "9", "10", Classes.None]);
    }

    [Theory]
    [InlineData(null, null, null, 0.4, 0.3, 0.3)]
    [InlineData(null, 0.2, 0.1, 0.7, 0.2, 0.1)]
    [InlineData(0.6, 0.2, 0.2, 0.6, 0.2, 0.2)]
    [InlineData(null, 0.5, 0.0, 0.5, 0.5, 0.0)]
    public static void takes_the_shares_it_is_given(double? train, double? dev, double? test, double trains, double devs, double tests)
    {
        Shares.Of(train, dev, test, Shares.Small, out var shares).ShouldBeNull();
        (shares.Train, shares.Dev, shares.Test).ShouldBe((trains, devs, tests));
    }

    [Theory]
    [InlineData(-0.1, 0.6, 0.5, "train")]
    [InlineData(double.NaN, 0.1, 0.1, "train")]
    [InlineData(null, double.PositiveInfinity, 0.1, "dev")]
    [InlineData(0.5, 0.2, 0.2, "train")]
    [InlineData(0.9, 0.2, 0.2, "train")]
    [InlineData(null, 0.6, 0.6, "train")]
    [InlineData(null, 0.5, 0.5, "train")]
    [InlineData(0.8, null, 0.2, "dev")]
    [InlineData(0.8, 0.1, null, "test")]
    public static void refuses_shares_that_do_not_add_up(double? train, double? dev, double? test, string field) =>
        Shares.Of(train, dev, test, Shares.Small, out _).ShouldNotBeNull().Field.ShouldBe(field);

    internal static UInt128 Content(int i) => new((ulong)i * 0x9E3779B97F4A7C15, (ulong)i);

    private static byte[] Split(ExampleSet examples, Shares shares, long seed, bool balanced) =>
        balanced ? Assign.Balanced(examples, Classes.Of(examples).Ranks(examples), shares, seed) : Assign.Random(examples, shares, seed);

    private static int[] Counts(byte[] parts) => [.. Enumerable.Range(0, 3).Select(part => parts.Count(p => p == part))];
}
