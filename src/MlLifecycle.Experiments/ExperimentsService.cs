using JasperFx.Events.Projections;
using Marten;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Evaluation;
using MlLifecycle.Experiments.LoggedModels;
using MlLifecycle.Experiments.Metrics;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Registry;
using MlLifecycle.Experiments.Retention;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.Experiments.Search;
using MlLifecycle.Experiments.Store;
using MlLifecycle.Experiments.Traces;
using MlLifecycle.Experiments.Views;
using MlLifecycle.Experiments.Webhooks;
using MlLifecycle.ServiceDefaults.Bus;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments;

/// <summary>Runs, their metrics and artifacts, and the model registry: each project an MLflow tracking server of its own.</summary>
public static class ExperimentsService
{
    /// <summary>The release whose protocol this service speaks.</summary>
    private const string MlflowVersion = "3.5.0";

    public static WebApplicationBuilder AddExperiments(this WebApplicationBuilder builder)
    {
        PrepareStatements(builder.Configuration);
        builder.AddBus("experiments");
        builder.AddEventStore(Announcements.Of, store =>
        {
            store.Fold<Experiment>();
            store.Fold<RegisteredModel>();
            store.Fold<LoggedModel>();
            store.Fold<Trace>();
            store.Fold<Scorer>();
            store.Fold<EvaluationDataset>();
            store.Schema.For<RegisteredModel>().Index(model => model.ProjectId);
            // The tables hold a run's present; its stream is folded only to look back.
            store.Projections.Add(new Fold<Run>(), ProjectionLifecycle.Live);
        });
        var services = builder.Services;
        services.AddSingleton<IErrorShape, MlflowErrorShape>();
        services.AddRequestDecompression();
        services.AddHostedService<Tables>();
        services.AddSingleton<ChunkMerger>();
        services.AddHostedService(provider => provider.GetRequiredService<ChunkMerger>());
        services.AddSingleton<RunCommit>();
        services.AddSingleton<RunJournal>();
        services.AddHostedService(provider => provider.GetRequiredService<RunJournal>());
        services.AddSingleton<ExperimentRows>();
        services.AddSingleton<DefaultExperiments>();
        services.AddSingleton<RunReader>();
        services.AddSingleton<RunSearch>();
        services.AddSingleton<RenderedRuns>();
        services.AddSingleton<PastRuns>();
        services.AddSingleton<MetricHistory>();
        services.AddSingleton<ModelRows>();
        services.AddSingleton<LoggedModelRows>();
        services.AddSingleton<TraceRows>();
        services.AddSingleton<SpanLog>();
        services.AddSingleton<EvaluationRecords>();
        services.AddSingleton<WebhookStore>();
        services.AddSingleton<WebhookSender>();
        services.AddHostedService<WebhookCourier>();
        services.AddSingleton<ModelPlaces>();
        services.AddSingleton<ArtifactStore>();
        services.AddSingleton<Purge>();
        services.AddHostedService<RetentionPolicy>();
        services.AddSingleton<Uploads>();
        services.AddHostedService<UploadSweeper>();
        return builder;
    }

    public static WebApplication MapExperiments(this WebApplication app)
    {
        app.UseRequestDecompression();
        var defaults = app.Services.GetRequiredService<DefaultExperiments>();

        var project = app.MapGroup("/api/projects/{project}").AddEndpointFilter(defaults);
        project.MapGet("/runs", ReadRuns.List).Requires(Role.Viewer);
        project.MapGet("/runs/index", RunIndex.Handle).Requires(Role.Viewer);
        project.MapGet("/runs/keys", RunIndex.Keys).Requires(Role.Viewer);
        project.MapGet("/runs/{id}", ReadRuns.One).Requires(Role.Viewer);
        project.MapGet("/runs/{id}/metrics/{**key}", ReadRuns.Metric).Requires(Role.Viewer);
        project.MapPost("/runs/purges", PurgeRoute.Handle).Requires(Role.Maintainer);
        project.MapGet("/models", ListModels.Handle).Requires(Role.Viewer);
        project.MapGet("/models/{name}", ReadModel.Handle).Requires(Role.Viewer);

        var tracking = app.MapGroup("/mlflow/{project}").AddEndpointFilter(new OnlyReadable()).AddEndpointFilter(defaults);
        tracking.MapArtifactPages();
        foreach (var root in (string[])["/api/2.0", "/ajax-api/2.0"])
        {
            var api = tracking.MapGroup(root + "/mlflow");
            api.MapCatalog();
            api.MapRuns();
            api.MapMetrics();
            api.MapArtifacts();
            api.MapRegistry();
            api.MapLoggedModels();
            api.MapElderTraces();
            api.MapWebhooks();
            tracking.MapGroup(root + "/mlflow-artifacts").MapArtifactProxy();
        }

        foreach (var root in (string[])["/api/3.0", "/ajax-api/3.0"])
        {
            var api = tracking.MapGroup(root + "/mlflow");
            api.MapTraces();
            api.MapEvaluation();
        }

        tracking.MapSpans();
        app.MapParts();
        app.MapPulse();
        return app;
    }

    // Probes and clients ask before they have shown who they are. The answer is the same for every name, so that it does not tell which projects there are.
    private static void MapPulse(this IEndpointRouteBuilder app)
    {
        string[] read = [HttpMethods.Get, HttpMethods.Head];
        app.MapMethods("/mlflow/{project}/health", read, () => "OK").AllowAnonymous();
        app.MapMethods("/mlflow/{project}/version", read, () => MlflowVersion).AllowAnonymous();
        app.MapMethods("/version", read, () => MlflowVersion).AllowAnonymous();
    }

    // A few dozen statements make up nearly all of this service's work: parsed and planned once per connection.
    private static void PrepareStatements(ConfigurationManager configuration)
    {
        if (configuration.GetConnectionString(EventStore.ConnectionName) is { } connection)
        {
            configuration[$"ConnectionStrings:{EventStore.ConnectionName}"] =
                new NpgsqlConnectionStringBuilder(connection) { MaxAutoPrepare = 64, AutoPrepareMinUsages = 3 }.ConnectionString;
        }
    }
}
