using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using JasperFx.OpenTelemetry;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Contracts;
using MlLifecycle.ServiceDefaults.Bus;
using MlLifecycle.ServiceDefaults.Decisions;
using Npgsql;
using Weasel.Core;

namespace MlLifecycle.ServiceDefaults.Events;

/// <summary>Says which integration event, if any, announces a domain event. One switch per service.</summary>
/// <param name="event">A domain event.</param>
/// <returns>The announcement, without the fields that the relay fills from the event's metadata; null for a fact that stays at home.</returns>
public delegate IntegrationEvent? Announce(object @event);

/// <summary>The service's facts: Marten on a PostgreSQL database of the service's own, which is also the outbox of its announcements.</summary>
public static class EventStore
{
    /// <summary>The connection string's name.</summary>
    public const string ConnectionName = "events";

    /// <summary>Adds the event store (connection string <c>events</c>; the database is created when missing) and the relay of its announcements.</summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="announce">The service's one switch from domain events to integration events.</param>
    /// <param name="configure">Folds, indexes and projections of the service.</param>
    public static WebApplicationBuilder AddEventStore(this WebApplicationBuilder builder, Announce announce, Action<StoreOptions> configure)
    {
        var connection = builder.Configuration.GetConnectionString(ConnectionName)
            ?? throw new InvalidOperationException($"The connection string '{ConnectionName}' is missing: set ConnectionStrings__{ConnectionName} to this service's PostgreSQL database.");
        var services = builder.Services;
        services.AddSingleton(new NpgsqlDataSourceBuilder(connection) { ConnectionStringBuilder = { ApplicationName = builder.Environment.ApplicationName } }.Build());
        services.AddHostedService<DatabaseCreator>();
        services.AddSingleton(announce);
        services.AddSingleton<RelayState>();
        services.AddMarten(provider =>
            {
                var options = new StoreOptions();
                options.Connection(provider.GetRequiredService<NpgsqlDataSource>());
                options.DisableNpgsqlLogging = true;
                options.AutoCreateSchemaObjects = AutoCreate.CreateOrUpdate;
                options.UseSystemTextJsonForSerialization(EnumStorage.AsString, Casing.CamelCase);
                options.Events.AppendMode = EventAppendMode.QuickWithServerTimestamps;
                options.Events.MetadataConfig.EnableAll();
                options.Events.MetadataConfig.UserNameEnabled = true; // the actor; not among "all"
                options.OpenTelemetry.TrackConnections = TrackLevel.Normal;
                options.OpenTelemetry.TrackEventCounters();
                // From commit to consumer: p50 65 ms instead of half a second, for one cheap query per poll.
                options.Projections.FastPollingTime = TimeSpan.FromMilliseconds(50);
                options.Projections.SlowPollingTime = TimeSpan.FromMilliseconds(100);
                options.Schema.For<Received>();
                configure(options);
                return options;
            })
            .UseLightweightSessions()
            .ApplyAllDatabaseChangesOnStartup()
            .AddAsyncDaemon(DaemonMode.ExternallyManaged)
            .AddSubscriptionWithServices<Relay>(ServiceLifetime.Singleton, subscription => subscription.Options.BatchSize = 500);
        services.AddHostedService<RelayLeader>();
        services.AddHealthChecks()
            .AddCheck<StoreHealth>("store", tags: ["ready"])
            .AddCheck<RelayHealth>("relay", tags: ["ready"]);
        return builder;
    }

    /// <summary>Keeps a state as a document beside its stream, current within the appending transaction.</summary>
    /// <typeparam name="T">The state.</typeparam>
    /// <param name="options">The store's options.</param>
    public static void Fold<T>(this StoreOptions options)
        where T : class, IFolded<T> => options.Projections.Add(new Fold<T>(), ProjectionLifecycle.Inline);
}
