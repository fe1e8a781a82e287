using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Portal.Suite;

/// <summary>What a service answered: a value, or a problem.</summary>
/// <param name="Value">The value; null on a problem.</param>
/// <param name="Problem">Why there is none.</param>
/// <param name="ETag">The version of what was read, for <c>If-Match</c>.</param>
public sealed record Answer<T>(T? Value, Problem? Problem, string? ETag = null)
{
    public bool Ok => Problem is null;
}

/// <summary>A problem as the services state it (RFC 9457).</summary>
public sealed record Problem(
    int Status, string Code, string Title, string Detail, string? TraceId = null, IReadOnlyDictionary<string, string[]>? Errors = null)
{
    public static Problem Of(Refusal refusal) => new(
        refusal.Status, refusal.Code, refusal.Title, refusal.Detail, null,
        refusal.Field is { } field ? new Dictionary<string, string[]> { [field] = [refusal.Detail] } : null);
}

/// <summary>The beginning of a file.</summary>
/// <param name="Bytes">As much as was asked for, or all of it.</param>
/// <param name="Cut">Whether the file goes on.</param>
public sealed record FileHead(byte[] Bytes, bool Cut);
