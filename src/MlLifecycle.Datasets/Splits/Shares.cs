using MlLifecycle.ServiceDefaults.Decisions;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Datasets.Splits;

/// <summary>How much of the examples each part shall have; together 1.</summary>
public sealed record Shares(double Train, double Dev, double Test)
{
    /// <summary>Small data: enough to judge by in dev and test, the rest to train on.</summary>
    public static readonly Shares Small = new(0.4, 0.3, 0.3);

    /// <summary>Big data: a tenth is plenty to judge by.</summary>
    public static readonly Shares Big = new(0.8, 0.1, 0.1);

    public double this[int part] => part switch { 0 => Train, 1 => Dev, _ => Test };

    /// <summary>The shares asked for, or what is usual; train takes the rest when only dev and test are given.</summary>
    public static Refusal? Of(double? train, double? dev, double? test, Shares usual, out Shares shares)
    {
        shares = usual;
        if (Fields.First(Fields.Between("train", train, 0, 1), Fields.Between("dev", dev, 0, 1), Fields.Between("test", test, 0, 1)) is { } refusal)
            return refusal;
        if (train is null && dev is null && test is null)
            return null;
        if (dev is null || test is null)
            return InvalidInput(dev is null ? "dev" : "test", "is missing: give dev and test together; train is the rest.");
        var rest = Math.Round(1 - dev.Value - test.Value, 12);
        shares = new(train ?? Math.Max(rest, 0), dev.Value, test.Value);
        if (Math.Abs(shares.Train - rest) > 1e-6)
            return InvalidInput("train", FormattableString.Invariant($"does not make 1 together with dev and test: they are {shares.Train + dev + test:0.####}."));
        return shares.Train > 0 ? null : InvalidInput("train", "must be more than 0.");
    }
}
