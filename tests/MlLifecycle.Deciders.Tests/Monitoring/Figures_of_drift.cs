using CsCheck;
using MlLifecycle.Monitoring.Drift;
using Shouldly;
using Xunit;

namespace MlLifecycle.Monitoring;

/// <summary>
/// The formulas against values computed with scipy 1.10.1 and numpy 1.24.2 (ks_2samp's statistic with special.kolmogorov, wasserstein_distance,
/// chi2.sf, chisquare, norm.sf, jensenshannon, quantile) on the numbers that <see cref="Numbers"/> makes.
/// </summary>
public sealed class Figures_of_drift
{
    private const double Precision = 1e-10;

    private static readonly double[] Reference = Sorted(Numbers(1, 500));
    private static readonly double[] Same = Sorted(Numbers(2, 300).Select(x => (x * 0.9) + 0.05));
    private static readonly double[] Shifted = Sorted(Numbers(3, 300).Select(x => x + 0.2));

    [Fact]
    public void kolmogorov_smirnov()
    {
        Near(Samples.KolmogorovSmirnov(Reference, Same), (0.058666666666666666, 0.5387398820616647));
        Near(Samples.KolmogorovSmirnov(Reference, Shifted), (0.25533333333333336, 4.8230983696617135e-11));
    }

    [Fact]
    public void kolmogorov_smirnov_and_wasserstein_with_ties()
    {
        var (coarse, shifted) = (Sorted(Numbers(1, 500).Select(Rounded)), Sorted(Numbers(3, 300).Select(x => Rounded(x + 0.2))));
        Near(Samples.KolmogorovSmirnov(coarse, shifted), (0.24666666666666667, 2.4653442276086116e-10));
        Samples.Wasserstein(coarse, shifted).ShouldBe(0.21319999999999997, Precision);
    }

    [Fact]
    public void wasserstein_and_the_deviation_that_scales_it()
    {
        Samples.Wasserstein(Reference, Same).ShouldBe(0.020803599702132247, Precision);
        Samples.Wasserstein(Reference, Shifted).ShouldBe(0.21401460147649048, Precision);
        Samples.Deviation(Reference).ShouldBe(0.28251362591457635, Precision);
    }

    [Theory]
    [InlineData(0.3, 0.9999906941986655)]
    [InlineData(0.5, 0.9639452436648751)]
    [InlineData(0.8, 0.5441424115741981)]
    [InlineData(0.999, 0.27107316411506394)]
    [InlineData(1, 0.26999967167735456)]
    [InlineData(1.5, 0.022217962616525127)]
    [InlineData(3, 3.045995948942526e-08)]
    public void kolmogorovs_tail(double x, double p) => Probability.KolmogorovTail(x).ShouldBe(p, Precision);

    [Theory]
    [InlineData(0.5, 1, 0.47950012218695337)]
    [InlineData(3.84, 1, 0.05004352124870519)]
    [InlineData(10, 4, 0.04042768199451279)]
    [InlineData(100, 50, 3.454931382984871e-05)]
    [InlineData(250, 200, 0.009379131668826098)]
    [InlineData(0.001, 7, 0.9999999999997597)]
    [InlineData(700, 5, 4.911986103573117e-149)]
    public void chi_squares_tail(double statistic, int degrees, double p)
    {
        var tail = Probability.ChiSquareTail(statistic, degrees);
        tail.ShouldBe(p, Precision);
        (tail / p).ShouldBe(1, 1e-9);
    }

    [Theory]
    [InlineData(0.1, 0.920344325445942)]
    [InlineData(1.96, 0.04999579029644087)]
    [InlineData(6, 1.973175290075389e-09)]
    [InlineData(-2.5, 0.012419330651552265)]
    public void the_normal_tails(double z, double p) => Probability.NormalTails(z).ShouldBe(p, Precision);

    [Fact]
    public void chi_square_of_counts() =>
        Near(Categories.ChiSquare(Counts(50, 30, 20), Counts(30, 50, 40)), (31.111111111111107, 1.7551250279944125e-07));

    [Fact]
    public void two_proportions() => Near(Categories.TwoProportions(Counts(180, 120), Counts(95, 105)), (2.752409412815901, 0.005915851074238023));

    [Fact]
    public void jensen_shannon_distance()
    {
        Categories.JensenShannon(Counts(50, 30, 20), Counts(30, 50, 40)).ShouldBe(0.1855505942208268, Precision);
        Categories.JensenShannon(Counts(1, 1, 0), Counts(0, 1, 1)).ShouldBe(0.5887050112577373, Precision);
    }

    [Fact]
    public void stability_index_over_tenths_of_the_reference()
    {
        var column = ReferenceColumn.OfNumbers("x", [.. Reference], 500, 0, 0);
        Categories.StabilityIndex(column.Shares, ReferenceColumn.BinShares(column.Edges, Shifted)).ShouldBe(1.6269021421953218, Precision);
    }

    [Theory]
    [InlineData(0.5, 0.4864688962697983)]
    [InlineData(0.95, 0.9475956931943074)]
    [InlineData(0.99, 0.9822771780798212)]
    public void quantiles(double share, double value) => Samples.Quantile(Reference, share).ShouldBe(value, Precision);

    [Fact]
    public void a_category_that_the_reference_does_not_have_is_no_division_by_zero()
    {
        var (statistic, p) = Categories.ChiSquare(Counts(50, 50, 50), new Dictionary<string, long> { ["c0"] = 10, ["new"] = 20 });
        // Expected 10 of each; found 10, 0, 0, and two that are missed. Three degrees of freedom: the new value is one.
        statistic.ShouldBe(20, Precision);
        p.ShouldBe(Probability.ChiSquareTail(20, 3));
        var (all, never) = Categories.ChiSquare(Counts(50, 50, 50), new Dictionary<string, long> { ["new"] = 30 });
        (all, never).ShouldBe((30, Probability.ChiSquareTail(30, 3)));
    }

    [Fact]
    public void no_figure_depends_on_which_sample_is_compared_with_itself() => Gen.Double[-1e6, 1e6].Array[1, 200].Sample(values =>
    {
        var sorted = Sorted(values);
        Samples.KolmogorovSmirnov(sorted, sorted).ShouldBe((0, 1));
        Samples.Wasserstein(sorted, sorted).ShouldBe(0);
    });

    [Fact]
    public void distances_are_symmetric_and_within_bounds() =>
        Gen.Select(Gen.Long[0, 1000].Array[4], Gen.Long[0, 1000].Array[4]).Where((a, b) => a.Sum() > 0 && b.Sum() > 0).Sample((a, b) =>
        {
            var there = Categories.JensenShannon(Counts(a), Counts(b));
            there.ShouldBe(Categories.JensenShannon(Counts(b), Counts(a)), 1e-12);
            there.ShouldBeInRange(0, Math.Sqrt(Math.Log(2)) + 1e-12);
        });

    [Fact]
    public void shifting_a_sample_moves_it_by_as_much() => Gen.Select(Gen.Double[-100, 100].Array[1, 100], Gen.Double[0, 50]).Sample((values, by) =>
        Samples.Wasserstein(Sorted(values), Sorted(values.Select(v => v + by))).ShouldBe(by, 1e-9));

    private static void Near((double A, double B) found, (double A, double B) expected)
    {
        found.A.ShouldBe(expected.A, Precision);
        (found.B / expected.B).ShouldBe(1, 1e-6);
    }

    /// <summary>A linear congruential generator, so that the other side can make the same numbers: x = (1103515245 x + 12345) mod 2³¹, divided by 2³¹.</summary>
    private static IEnumerable<double> Numbers(long seed, int count)
    {
        for (var i = 0; i < count; i++)
        {
            seed = ((1103515245 * seed) + 12345) % 2147483648;
            yield return seed / 2147483648.0;
        }
    }

    private static double Rounded(double x) => Math.Round(x * 10, MidpointRounding.ToEven) / 10;

    private static double[] Sorted(IEnumerable<double> values) => [.. values.Order()];

    private static Dictionary<string, long> Counts(params long[] counts) =>
        counts.Select((count, i) => ($"c{i}", count)).Where(c => c.count > 0).ToDictionary(c => c.Item1, c => c.count);
}
