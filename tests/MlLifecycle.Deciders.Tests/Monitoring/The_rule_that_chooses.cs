using System.Globalization;
using System.Text;
using CsCheck;
using MlLifecycle.Monitoring.Drift;
using MlLifecycle.Monitoring.Windows;
using Shouldly;
using Xunit;

namespace MlLifecycle.Monitoring;

/// <summary>Which method compares a column, and what it says at the edges.</summary>
public sealed class The_rule_that_chooses
{
    private static readonly string?[] Lenses = ["wide", "long", "fish", null];
    private static readonly string?[] Classes = ["a", "b", null];

    [Theory]
    [InlineData(1000, 6, "kolmogorov-smirnov", 0.05)]
    [InlineData(1001, 6, "wasserstein", 0.1)]
    [InlineData(1000, 5, "chi-square", 0.05)]
    [InlineData(1000, 2, "two-proportion-z", 0.05)]
    [InlineData(1000, 1, "two-proportion-z", 0.05)]
    [InlineData(1001, 5, "jensen-shannon", 0.1)]
    public void follows_rows_and_different_values(int rows, int different, string method, double threshold)
    {
        var values = Enumerable.Range(0, rows).Select(i => (double)(i % different)).ToArray();
        var found = DriftRule.Compare(ReferenceColumn.OfNumbers("x", [.. values], rows, 0, 0), Current(values));
        (found.Method, found.Threshold, found.Drifted, found.Psi).ShouldBe((method, threshold, false, 0));
        found.LogBase.ShouldBe(method == "jensen-shannon" ? "e" : null);
    }

    [Fact]
    public void counts_different_values_in_either_sample()
    {
        var five = Enumerable.Range(0, 100).Select(i => (double)(i % 5)).ToArray();
        var sixth = five.Select(v => v == 0 ? 9 : v).ToArray();
        DriftRule.Compare(ReferenceColumn.OfNumbers("x", [.. five], 100, 0, 0), Current(five)).Method.ShouldBe("chi-square");
        DriftRule.Compare(ReferenceColumn.OfNumbers("x", [.. five], 100, 0, 0), Current(sixth)).Method.ShouldBe("kolmogorov-smirnov");
    }

    [Fact]
    public void texts_are_categories_and_unseen_ones_are_named()
    {
        var reference = ReferenceColumn.OfCategories("lens", new Dictionary<string, long> { ["wide"] = 50, ["long"] = 30, ["macro"] = 20 }, 100, 0);
        var found = DriftRule.Compare(reference, new(50, 5, 0, 0, [], new Dictionary<string, long> { ["wide"] = 25, ["fish"] = 20 }));
        (found.Method, found.Type, found.Drifted, found.Missing).ShouldBe(("chi-square", "category", true, 0.09999999999999998));
        found.Unseen.ShouldBe([new("fish", 20)]);
        found.PsiLevel.ShouldBe("severe");
    }

    [Fact]
    public void a_constant_column_that_stays_does_not_drift_and_one_that_moves_does()
    {
        var constant = ReferenceColumn.OfNumbers("x", [.. Enumerable.Repeat(3.0, 2000)], 2000, 0, 0);
        DriftRule.Compare(constant, Current([.. Enumerable.Repeat(3.0, 100)])).Drifted.ShouldBeFalse();
        var moved = DriftRule.Compare(constant, Current([.. Enumerable.Range(0, 100).Select(i => 3.01 + (i / 1000.0))]));
        (moved.Method, moved.Drifted).ShouldBe(("wasserstein", true));
        double.IsFinite(moved.Score!.Value).ShouldBeTrue();
    }

    [Fact]
    public void a_column_without_values_is_not_compared_and_says_why()
    {
        var reference = ReferenceColumn.OfNumbers("x", [1, 2, 3], 3, 0, 0);
        var found = DriftRule.Compare(reference, new(10, 4, 6, 0, [], new Dictionary<string, long>()));
        (found.Method, found.Drifted, found.Missing).ShouldBe((null, false, 1));
        found.Note.ShouldNotBeNull().ShouldContain("No prediction of this window");
    }

    [Fact]
    public void what_is_no_number_is_left_out_counted_and_said()
    {
        var figures = new WindowFigures([ReferenceColumn.OfNumbers("x", [.. Enumerable.Range(0, 100).Select(i => (double)i)], 100, 0, 0)]);
        string?[] cells = ["1", "NaN", "-inf", "many", null];
        foreach (var cell in cells)
            figures.Add(DateTimeOffset.UnixEpoch, null, "a", null, Features(("x", cell)));
        var report = figures.Report(new(0, 0), "rows", null, null);
        report.Drift.Single().Note.ShouldBe("1 values are no numbers, as the reference has them; they are left out. 2 values are NaN or infinite; they are left out.");
        report.Drift.Single().Missing.ShouldBe(0.8, 1e-12);
    }

    [Fact]
    public void the_same_predictions_give_the_same_figures_in_whatever_order_they_come()
    {
        var numbers = Enumerable.Range(0, 1200).Select(i => Math.Sin(i) * 1000).ToArray();
        ReferenceColumn[] reference =
        [
            ReferenceColumn.OfNumbers("x", numbers, 1200, 0, 0),
            ReferenceColumn.OfCategories("lens", new Dictionary<string, long> { ["wide"] = 700, ["long"] = 500 }, 1200, 0),
            ReferenceColumn.OfCategories("prediction", new Dictionary<string, long> { ["a"] = 600, ["b"] = 600 }, 1200, 0),
        ];
        var row = Gen.Select(Gen.Double[-1e5, 1e5], Gen.Int[0, 3].Select(i => Lenses[i]), Gen.Int[0, 2].Select(i => Classes[i]), Gen.Double[0, 100]);
        Gen.Select(row.Array[1, 60], Gen.Int).Sample((rows, seed) =>
        {
            var shuffled = rows.ToArray();
            new Random(seed).Shuffle(shuffled);
            Figures(shuffled).ShouldBe(Figures(rows));
        });

        string Figures((double X, string? Lens, string? Output, double Latency)[] rows)
        {
            var figures = new WindowFigures(reference);
            foreach (var (x, lens, output, latency) in rows)
                figures.Add(DateTimeOffset.UnixEpoch.AddSeconds(latency), latency, output, x / 7, Features(("x", x.ToString("R", CultureInfo.InvariantCulture)), ("lens", lens)));
            return System.Text.Json.JsonSerializer.Serialize(figures.Report(new(0, 0), "rows", null, null));
        }
    }

    private static CurrentColumn Current(double[] values) => new(values.Length, 0, 0, 0, [.. values.Order()], new Dictionary<string, long>());

    private static byte[] Features(params (string Name, string? Value)[] features) =>
        Encoding.UTF8.GetBytes(System.Text.Json.JsonSerializer.Serialize(features.Where(f => f.Value is not null).ToDictionary(f => f.Name, f => f.Value)));
}
