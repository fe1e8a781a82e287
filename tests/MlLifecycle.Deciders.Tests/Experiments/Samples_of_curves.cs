using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.Metrics;

public static class Samples_of_curves
{
    [Fact]
    public static void take_all_there_is_when_it_fits() => Sampling.Steps([[1, 2, 3]], 3).Order().ShouldBe([1, 2, 3]);

    [Fact]
    public static void spread_evenly_over_the_steps_that_are_there() =>
        Sampling.Steps([[.. Enumerable.Range(0, 100).Select(i => (long)i * i)]], 4).Order().ShouldBe([0, 625, 2500, 5625, 9801]);

    [Fact]
    public static void keep_each_runs_first_and_last_step() =>
        Sampling.Steps([[.. Enumerable.Range(0, 1000).Select(i => (long)i)], [7, 3, 5]], 2).Order().ShouldBe([0, 3, 7, 500, 999]);

    [Fact]
    public static void are_none_of_nothing() => Sampling.Steps([], 10).ShouldBeEmpty();
}
