using Microsoft.AspNetCore.Http;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.ServiceDefaults.Http;

/// <summary>MLflow's error body, <c>{"error_code", "message"}</c>, on the routes that speak MLflow's protocol.</summary>
public sealed class MlflowErrorShape : IErrorShape
{
    private static readonly string[] Roots = ["/mlflow", "/api/2.0/mlflow", "/ajax-api", "/api/3.0/mlflow", "/api/2.0/mlflow-artifacts", "/mlflow-uploads", "/v1/traces", "/get-artifact", "/model-versions"];

    /// <inheritdoc/>
    public bool Fits(HttpContext context) => Roots.Any(root => context.Request.Path.StartsWithSegments(root, StringComparison.OrdinalIgnoreCase));

    /// <inheritdoc/>
    public Task Write(HttpContext context, Refusal refusal) =>
        context.Response.WriteAsJsonAsync(new Dictionary<string, string> { ["error_code"] = ErrorCode(refusal), ["message"] = refusal.Detail }, context.RequestAborted);

    /// <summary>MLflow's name for a refusal. A code that already is one of MLflow's (upper case) stands as it is.</summary>
    /// <param name="refusal">The refusal.</param>
    public static string ErrorCode(Refusal refusal) => refusal switch
    {
        { Code: var code } when code.All(c => char.IsAsciiLetterUpper(c) || c == '_') => code,
        // To clients both say: try the next way to ask for this.
        { Code: "no-such-route" or "method-not-allowed" } => "ENDPOINT_NOT_FOUND",
        { Status: 401 } => "UNAUTHENTICATED",
        { Status: 403 } => "PERMISSION_DENIED",
        { Status: 404 } => "RESOURCE_DOES_NOT_EXIST",
        { Status: 409 } => "RESOURCE_CONFLICT",
        { Status: 429 } => "REQUEST_LIMIT_EXCEEDED",
        { Status: 501 } => "NOT_IMPLEMENTED",
        { Status: 503 } => "TEMPORARILY_UNAVAILABLE",
        { Status: >= 500 } => "INTERNAL_ERROR",
        { Code: "already-exists" } => "RESOURCE_ALREADY_EXISTS",
        { Code: "bad-request" } => "BAD_REQUEST",
        _ => "INVALID_PARAMETER_VALUE",
    };
}
