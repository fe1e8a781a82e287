using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.ServiceDefaults;

/// <summary>What every service of the suite has: telemetry, health, trust, JSON, problem details, OpenAPI, resilient HTTP.</summary>
public static class ServiceDefaults
{
    /// <summary>The largest body of a route that does not say otherwise, in bytes.</summary>
    public const long LargestBody = 30_000_000;

    /// <summary>The answer to a larger one.</summary>
    public static readonly Refusal TooLarge = new(413, "too-large", "The request's body is larger than this route takes.");

    /// <summary>Adds it.</summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="service">The service's name, as in <c>datasets</c>.</param>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, string service)
    {
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Searches by GET carry their filters and lists of runs in the address.
            kestrel.Limits.MaxRequestLineSize = 64 * 1024;
            kestrel.Limits.MaxRequestBodySize = LargestBody;
        });
        builder.AddTelemetry(service);
        builder.AddTrust();
        QuietLogs(builder.Logging);
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlocks>();
        services.ConfigureHttpJsonOptions(json => Strict(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddProblemDetails();
        services.AddExceptionHandler<Failures>();
        services.AddOpenApi(service);
        services.AddServiceDiscovery();
        services.ConfigureHttpClientDefaults(http =>
        {
            http.AddStandardResilienceHandler();
            http.AddServiceDiscovery();
        });
        services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), ["live"]);
        return builder;
    }

    /// <summary>Puts errors, trust and the operators' routes in place: <c>/health</c>, <c>/alive</c>, <c>/metrics</c>, <c>/openapi/{service}.json</c>.</summary>
    /// <param name="app">The service.</param>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages(context => context.HttpContext.Response.StatusCode switch
        {
            // The framework answers a body that it cannot read to its end without an exception and without words.
            400 => new Refused(new(400, "bad-request", "The request's body could not be read to its end.")).ExecuteAsync(context.HttpContext),
            413 => new Refused(TooLarge).ExecuteAsync(context.HttpContext),
            404 => new Refused(new(404, "no-such-route", $"There is no {context.HttpContext.Request.Path} here.")).ExecuteAsync(context.HttpContext),
            405 => new Refused(new(405, "method-not-allowed", $"{context.HttpContext.Request.Path} does not take {context.HttpContext.Request.Method}.")).ExecuteAsync(context.HttpContext),
            415 => new Refused(new(415, "unsupported-media-type", "This route does not take that Content-Type.")).ExecuteAsync(context.HttpContext),
            _ => Task.CompletedTask,
        });
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealthChecks("/health", new HealthCheckOptions
        {
            Predicate = check => !check.Tags.Contains("live"),
            ResponseWriter = WriteHealth,
            ResultStatusCodes = { [HealthStatus.Degraded] = StatusCodes.Status503ServiceUnavailable },
        }).AllowAnonymous();
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = check => check.Tags.Contains("live") }).AllowAnonymous();
        app.MapPrometheusScrapingEndpoint().AllowAnonymous();
        app.MapOpenApi().AllowAnonymous();
        return app;
    }

    /// <summary>The suite's JSON: camelCase; what is unknown, missing or null where it must not be is refused by name.</summary>
    /// <param name="json">The options to set.</param>
    public static void Strict(JsonSerializerOptions json)
    {
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // the answers are JSON, never HTML: quotes and umlauts stay readable
        json.NumberHandling = JsonNumberHandling.Strict;
    }

    // Marten reports a lost race, which is ordinary, as an error with the events' bodies in it; the poll for new events logs each query.
    private static void QuietLogs(ILoggingBuilder logging) => logging
        .AddFilter("Marten", LogLevel.Critical)
        .AddFilter(RelayLeader.DaemonLog, LogLevel.Warning)
        .AddFilter("Npgsql", LogLevel.Warning)
        .AddFilter("Polly", LogLevel.Warning)
        .AddFilter("System.Net.Http", LogLevel.Warning)
        .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None) // whoever asks at /health is told, and asks again every few seconds
        .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
        .AddFilter("Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware", LogLevel.None);

    private static Task WriteHealth(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(
        new
        {
            status = Lower(report.Status),
            checks = report.Entries.ToDictionary(e => e.Key, e => new { status = Lower(e.Value.Status), description = e.Value.Description }),
        },
        context.RequestAborted);

    private static string Lower(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}
