using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlLifecycle.ServiceDefaults.Decisions;
using Npgsql;

namespace MlLifecycle.ServiceDefaults.Http;

/// <summary>Another way to write errors on some routes, for a protocol that has its own.</summary>
public interface IErrorShape
{
    /// <summary>Whether this request speaks that protocol.</summary>
    /// <param name="context">The request.</param>
    bool Fits(HttpContext context);

    /// <summary>Writes the refusal in the protocol's shape, with its status.</summary>
    /// <param name="context">The request.</param>
    /// <param name="refusal">What went wrong.</param>
    Task Write(HttpContext context, Refusal refusal);
}

/// <summary>An answer that carries a refusal: RFC 9457 problem details, or the protocol's own shape.</summary>
/// <param name="refusal">Why.</param>
public sealed class Refused(Refusal refusal) : IResult
{
    /// <summary>The base of every problem's <c>type</c>.</summary>
    public const string Problems = "https://mllifecycle.dev/problems/";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Why.</summary>
    public Refusal Refusal => refusal;

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var shape = httpContext.RequestServices.GetServices<IErrorShape>().FirstOrDefault(s => s.Fits(httpContext));
        httpContext.Response.StatusCode = refusal.Status;
        // Programs that wait to be asked for a password hear that they may send one; a browser would ask its user in a window of its own.
        if (refusal.Status == 401)
            httpContext.Response.Headers.WWWAuthenticate = shape is not null && !httpContext.Request.Headers.ContainsKey("Sec-Fetch-Mode") ? "Bearer, Basic realm=\"mlflow\"" : "Bearer";
        if (shape is not null)
            return shape.Write(httpContext, refusal);
        var problem = new ProblemDetails
        {
            Type = Problems + refusal.Code,
            Title = refusal.Title,
            Status = refusal.Status,
            Detail = refusal.Detail,
            Instance = httpContext.Request.Path,
            Extensions =
            {
                ["code"] = refusal.Code,
                ["traceId"] = Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier,
            },
        };
        if (refusal.Field is { } field)
            problem.Extensions["errors"] = new Dictionary<string, string[]> { [field] = [refusal.Detail] };
        return httpContext.Response.WriteAsJsonAsync(problem, Json, "application/problem+json", httpContext.RequestAborted);
    }
}

/// <summary>A query parameter or header that does not bind, so that the answer can name it.</summary>
internal sealed class UnusableParameterException(string parameter, string problem) : BadHttpRequestException($"{parameter} {problem}")
{
    public string Parameter => parameter;

    public string Problem => problem;
}

/// <summary>Turns what escapes a route into an answer: malformed input into 400 with the field, an outage into 503, a bug into 500.</summary>
internal sealed partial class Failures(ILogger<Failures> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            log.LogInformation("{Method} {Path}: the caller went away", httpContext.Request.Method, httpContext.Request.Path);
            httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        var refusal = Explain(exception);
        if (refusal.Status >= 500)
            log.LogError(exception, "{Method} {Path} failed", httpContext.Request.Method, httpContext.Request.Path);
        await new Refused(refusal).ExecuteAsync(httpContext);
        return true;
    }

    private static Refusal Explain(Exception exception) => exception switch
    {
        BadHttpRequestException { InnerException: JsonException json } => Malformed(json),
        JsonException json => Malformed(json),
        UnusableParameterException unusable => Decision.InvalidInput(unusable.Parameter, unusable.Problem),
        BadHttpRequestException { StatusCode: 413 } => ServiceDefaults.TooLarge,
        BadHttpRequestException { StatusCode: 415 } => new(415, "unsupported-media-type", "Send the body with Content-Type: application/json."),
        BadHttpRequestException bad when bad.Message.Contains("no body was provided", StringComparison.Ordinal) =>
            new(400, "malformed-json", "The request has no body; this route takes a JSON object."),
        BadHttpRequestException bad when Unbound().Match(bad.Message) is { Success: true } parameter =>
            Decision.InvalidInput(parameter.Groups["name"].Value, parameter.Groups["value"] is { Success: true } given ? $"cannot be '{given.Value}'." : "is missing."),
        BadHttpRequestException bad => new(bad.StatusCode, "bad-request", bad.Message),
        NpgsqlException { IsTransient: true } or TimeoutException => new(503, "store-unavailable", "The service's database does not answer just now. Retry in a few seconds."),
        _ when Deciding.IsLostRace(exception) => new(409, "lost-race", "Someone else changed this at the same moment. Read it again and retry."),
        _ => new(500, "internal-error", "This is a fault of the service, not of the request. Its log has the details under the traceId."),
    };

    // The framework's words for a route or query parameter that does not bind.
    [GeneratedRegex("""^(Failed to bind parameter "\S+ (?<name>[^"]+)" from "(?<value>[^"]*)"|Required parameter "\S+ (?<name>[^"]+)" was not provided)""")]
    private static partial Regex Unbound();

    private static Refusal Malformed(JsonException json)
    {
        var field = json.Path?.TrimStart('$').TrimStart('.');
        var message = json.Message.Split(" Path: ")[0];
        var place = json.LineNumber is { } line ? $" (line {line + 1}, byte {json.BytePositionInLine})" : "";
        if (json.InnerException is JsonException syntax && syntax.GetType() != typeof(JsonException))
            return new(400, "malformed-json", $"The body is not JSON: {message}{place}") { Field = string.IsNullOrEmpty(field) ? null : field };
        if (message.Contains("could not be mapped to any", StringComparison.Ordinal))
            return Decision.InvalidInput(field ?? "", "is not a field of this request.");
        if (message.IndexOf("missing required properties including: ", StringComparison.Ordinal) is >= 0 and var at)
            return Missing(field, message[(at + "missing required properties including: ".Length)..]);
        return string.IsNullOrEmpty(field)
            ? new(400, "malformed-json", $"The body is not the JSON this route takes{place}.")
            : Decision.InvalidInput(field, $"does not have the type this field takes{place}.");
    }

    private static Refusal Missing(string? parent, string names)
    {
        var first = names.Split(',')[0].Trim(' ', '.', '\'', '"', ';');
        return Decision.InvalidInput(string.IsNullOrEmpty(parent) ? first : $"{parent}.{first}", $"is missing; the request must have {names.TrimEnd('.')}.");
    }
}
