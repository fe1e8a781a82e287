using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Scoping;

/// <summary>What the fields of this service's commands must look like.</summary>
public static class Checks
{
    /// <summary>The first refusal among the checks of a command, in the order of its fields.</summary>
    public static Refusal? First(params ReadOnlySpan<Refusal?> checks)
    {
        foreach (var refusal in checks)
        {
            if (refusal is not null)
                return refusal;
        }

        return null;
    }

    public static Refusal? Text(string field, string? text, int most = 4000, bool required = true) => text switch
    {
        null => required ? Decision.InvalidInput(field, "is missing.") : null,
        _ when required && string.IsNullOrWhiteSpace(text) => Decision.InvalidInput(field, "must not be empty."),
        _ when text.Length > most => Decision.InvalidInput(field, $"must have at most {most} characters; it has {text.Length}."),
        _ => null,
    };

    public static Refusal? Name(string field, string? text) =>
        Text(field, text, 128) ?? (text is null || text.Any(char.IsControl) || text.Contains('/', StringComparison.Ordinal) || text.Trim() != text
            ? Decision.InvalidInput(field, "must not contain '/', control characters or blanks at its ends.")
            : null);

    public static Refusal? OneOf(string field, string? value, IReadOnlyList<string> known, bool required = true) => value switch
    {
        null when !required => null,
        _ when value is not null && known.Contains(value) => null,
        _ => Decision.InvalidInput(field, $"must be one of {string.Join(", ", known)}{(value is null ? "." : $"; it is '{value}'.")}"),
    };

    public static Refusal? NotNegative(string field, double? value) => value switch
    {
        null => null,
        _ when !double.IsFinite(value.Value) => Decision.InvalidInput(field, "must be a finite number."),
        < 0 => Decision.InvalidInput(field, "must not be negative."),
        _ => null,
    };

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
