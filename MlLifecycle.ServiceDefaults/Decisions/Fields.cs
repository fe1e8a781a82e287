namespace MlLifecycle.ServiceDefaults.Decisions;

/// <summary>What the fields of a command must look like. Each check answers null when the field is well, else the refusal that names it.</summary>
public static class Fields
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

    /// <summary>A text of people's words, of at most so many characters.</summary>
    public static Refusal? Text(string field, string? text, int most = 4000, bool required = true) => text switch
    {
        null => required ? Decision.InvalidInput(field, "is missing.") : null,
        _ when required && string.IsNullOrWhiteSpace(text) => Decision.InvalidInput(field, "must not be empty."),
        _ when text.Length > most => Decision.InvalidInput(field, $"must have at most {most} characters; it has {text.Length}."),
        _ when text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) => Decision.InvalidInput(field, "must not contain control characters."),
        _ => null,
    };

    /// <summary>A name that addresses something: one segment of a path, not to be mistaken for an id.</summary>
    public static Refusal? Name(string field, string? text) =>
        Text(field, text, 128) ?? (text is null || text.Any(char.IsControl) || text.Contains('/', StringComparison.Ordinal) || text.Trim() != text || text is "." or ".."
            ? Decision.InvalidInput(field, "must not contain '/' or control characters, nor have blanks at its ends.")
            : Guid.TryParse(text, out _) ? Decision.InvalidInput(field, "must not look like an id.") : null);

    /// <summary>One of the known values.</summary>
    public static Refusal? OneOf(string field, string? value, IReadOnlyList<string> known, bool required = true) => value switch
    {
        null when !required => null,
        _ when value is not null && known.Contains(value) => null,
        _ => Decision.InvalidInput(field, $"must be one of {string.Join(", ", known)}{(value is null ? "." : $"; it is '{value}'.")}"),
    };

    /// <summary>A finite number of the closed interval, when it is given.</summary>
    public static Refusal? Between(string field, double? value, double least, double most) => value switch
    {
        null => null,
        _ when !double.IsFinite(value.Value) => Decision.InvalidInput(field, "must be a finite number."),
        _ when value < least || value > most => Decision.InvalidInput(field, FormattableString.Invariant($"must lie between {least} and {most}; it is {value}.")),
        _ => null,
    };

    /// <summary>A finite number that is zero or more, when it is given.</summary>
    public static Refusal? NotNegative(string field, double? value) => value switch
    {
        null => null,
        _ when !double.IsFinite(value.Value) => Decision.InvalidInput(field, "must be a finite number."),
        < 0 => Decision.InvalidInput(field, "must not be negative."),
        _ => null,
    };
}
