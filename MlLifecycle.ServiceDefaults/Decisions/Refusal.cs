namespace MlLifecycle.ServiceDefaults.Decisions;

/// <summary>Why a command was not carried out. It becomes RFC 9457 problem details, or MLflow's error body on MLflow's routes.</summary>
/// <param name="Status">The HTTP status: 400 malformed, 404 unknown, 409 against the present state, 412 stale, 413 too large, 503 unavailable.</param>
/// <param name="Code">A stable kebab-case code that programs can rely on, as in <c>dataset-archived</c>.</param>
/// <param name="Detail">What happened here and what to do about it.</param>
public sealed record Refusal(int Status, string Code, string Detail)
{
    /// <summary>The field of the input at fault, as in <c>targets[0].value</c>; null when no single one is.</summary>
    public string? Field { get; init; }

    /// <summary>The title that goes with the code: the same for every occurrence.</summary>
    public string Title => char.ToUpperInvariant(Code[0]) + Code[1..].Replace('-', ' ');
}
