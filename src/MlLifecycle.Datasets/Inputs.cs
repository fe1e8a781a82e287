using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Datasets;

/// <summary>What the fields of this service's commands must look like.</summary>
public static class Inputs
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

    public static Refusal? Required(string field, string? text, int most = 4000) => string.IsNullOrWhiteSpace(text)
        ? Decision.InvalidInput(field, "must not be empty.")
        : Optional(field, text, most);

    public static Refusal? Optional(string field, string? text, int most = 4000) => text is not null && text.Length > most
        ? Decision.InvalidInput(field, $"must have at most {most} characters; it has {text.Length}.")
        : null;

    public static Refusal? OneOf(string field, string? value, params string[] known) => known.Contains(value)
        ? null
        : Decision.InvalidInput(field, $"must be one of {string.Join(", ", known)}; it is '{value}'.");

    public static Refusal? Share(string field, double? share) => share is null || (double.IsFinite(share.Value) && share is >= 0 and <= 1)
        ? null
        : Decision.InvalidInput(field, "must lie between 0 and 1.");
}
