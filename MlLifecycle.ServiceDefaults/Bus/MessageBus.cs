using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace MlLifecycle.ServiceDefaults.Bus;

/// <summary>The bus between the services: RabbitMQ through MassTransit.</summary>
public static class MessageBus
{
    /// <summary>The connection string's name; its value is an <c>amqp://user:password@host:port</c> address.</summary>
    public const string ConnectionName = "bus";

    /// <summary>
    /// Connects the service to the bus. Each consumer gets a quorum queue named after service and consumer, takes one message at a time (the
    /// order of the queue), retries in place, and moves what it cannot take to the queue's <c>_error</c> queue. Call it before <c>AddEventStore</c>.
    /// </summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="service">The service's name, the prefix of its queues.</param>
    /// <param name="configure">Adds the consumers.</param>
    public static WebApplicationBuilder AddBus(this WebApplicationBuilder builder, string service, Action<IBusRegistrationConfigurator>? configure = null)
    {
        var connection = builder.Configuration.GetConnectionString(ConnectionName)
            ?? throw new InvalidOperationException($"The connection string '{ConnectionName}' is missing: set ConnectionStrings__{ConnectionName} to amqp://user:password@host:port.");
        builder.Services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry(); // who runs the suite, and how, is nobody else's business
            bus.ConfigureHealthCheckOptions(check => check.MinimalFailureStatus = HealthStatus.Degraded); // without the broker it still reads and writes
            bus.SetEndpointNameFormatter(new KebabCaseEndpointNameFormatter(service, includeNamespace: false));
            bus.AddConfigureEndpointsCallback((_, name, endpoint) =>
            {
                // A temporary endpoint lives as long as its instance and stays a plain queue.
                if (endpoint is IRabbitMqReceiveEndpointConfigurator queue && name.StartsWith(service, StringComparison.Ordinal))
                    queue.SetQuorumQueue();
                endpoint.ConcurrentMessageLimit = 1;
                // While the database is away a message waits at the head of its queue: no fault of its own, so no dead letter. After half an hour the
                // broker takes an unconfirmed message back and delivers it again, so these retries never run out.
                endpoint.UseMessageRetry(retry =>
                {
                    retry.Interval(1000, TimeSpan.FromSeconds(2));
                    retry.Handle<NpgsqlException>(outage => outage.IsTransient);
                });
                endpoint.UseMessageRetry(retry =>
                {
                    retry.Exponential(6, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(200));
                    retry.Ignore<NpgsqlException>(outage => outage.IsTransient);
                });
            });
            configure?.Invoke(bus);
            bus.UsingRabbitMq((context, rabbit) =>
            {
                var stopping = context.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
                rabbit.Host(new Uri(connection), host => host.OnRefreshConnectionFactory = broker => BrokerDoor.WaitAsync(broker, stopping));
                rabbit.ConfigureEndpoints(context);
            });
        });
        return builder;
    }
}
