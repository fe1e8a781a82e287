using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Scoping;

/// <summary>What the figures of metrics, baselines and targets must look like.</summary>
public static class Figures
{
    /// <summary>A figure in the unit of a metric: shares lie between 0 and 1, what is counted or timed is not negative.</summary>
    public static Refusal? Figure(string field, double? value, string unit, string kind) => value switch
    {
        null => null,
        _ when !double.IsFinite(value.Value) => Decision.InvalidInput(field, "must be a finite number."),
        < 0 or > 1 when unit == "ratio" => Decision.InvalidInput(field, "is in the unit ratio and must lie between 0 and 1."),
        < 0 or > 100 when unit is "percent" or "%" => Decision.InvalidInput(field, "is in percent and must lie between 0 and 100."),
        < 0 when kind != "ml" => Decision.InvalidInput(field, $"must not be negative for a {kind} metric."),
        _ => null,
    };
}
