using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace MlLifecycle.ServiceDefaults;

/// <summary>Traces across HTTP, RabbitMQ, Marten and Orleans; metrics for Prometheus; all of it over OTLP when an endpoint is configured.</summary>
internal static class Telemetry
{
    private static readonly string[] Sources = ["MassTransit", "Marten", "Microsoft.Orleans.Runtime", "Microsoft.Orleans.Application", "Yarp.ReverseProxy", "MlLifecycle.*"];
    private static readonly string[] Meters = ["MassTransit", "Marten", "Microsoft.Orleans", "Npgsql", "MlLifecycle.*"];

    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        var exports = !string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(service, "mllifecycle"))
            .WithMetrics(metrics =>
            {
                metrics.AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddRuntimeInstrumentation().AddMeter(Meters).AddPrometheusExporter();
                if (exports)
                    metrics.AddOtlpExporter();
            });
        if (!exports)
            return;
        builder.Logging.AddOpenTelemetry(logs =>
        {
            logs.IncludeFormattedMessage = true;
            logs.IncludeScopes = true;
            logs.AddOtlpExporter();
        });
        telemetry.WithTracing(traces => traces
            .AddAspNetCoreInstrumentation(http => http.Filter = context => context.Request.Path.Value is not ("/health" or "/alive" or "/metrics"))
            .AddHttpClientInstrumentation()
            .AddNpgsql()
            .AddSource(Sources)
            .AddOtlpExporter());
    }
}
