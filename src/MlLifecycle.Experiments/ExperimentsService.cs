using JasperFx.Events.Projections;
using Marten;
using Microsoft.AspNetCore.Mvc;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Metrics;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Registry;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.Experiments.Search;
using MlLifecycle.Experiments.Store;
using MlLifecycle.Experiments.Views;
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
            // The tables hold a run's present; its stream is folded only to look back.
            store.Projections.Add(new Fold<Run>(), ProjectionLifecycle.Live);
        });
        var services = builder.Services;
        services.AddSingleton<IErrorShape, MlflowErrorShape>();
        services.AddHostedService<Tables>();
        services.AddSingleton<RunCommit>();
        services.AddSingleton<RunJournal>();
        services.AddHostedService(provider => provider.GetRequiredService<RunJournal>());
        services.AddSingleton<ExperimentRows>();
        services.AddSingleton<DefaultExperiments>();
        services.AddSingleton<RunReader>();
        services.AddSingleton<RunSearch>();
        services.AddSingleton<PastRuns>();
        services.AddSingleton<MetricHistory>();
        services.AddSingleton<ModelRows>();
        services.AddSingleton<ArtifactStore>();
        return builder;
    }

    public static WebApplication MapExperiments(this WebApplication app)
    {
        var defaults = app.Services.GetRequiredService<DefaultExperiments>();

        var project = app.MapGroup("/api/projects/{project}").AddEndpointFilter(defaults);
        project.MapGet("/runs", ReadRuns.List).Requires(Role.Viewer);
        project.MapGet("/runs/index", RunIndex.Handle).Requires(Role.Viewer);
        project.MapGet("/runs/keys", RunIndex.Keys).Requires(Role.Viewer);
        project.MapGet("/runs/{id}", ReadRuns.One).Requires(Role.Viewer);
        project.MapGet("/runs/{id}/metrics/{**key}", ReadRuns.Metric).Requires(Role.Viewer);
        project.MapGet("/models", ListModels.Handle).Requires(Role.Viewer);

        var tracking = app.MapGroup("/mlflow/{project}").AddEndpointFilter(new OnlyReadable()).AddEndpointFilter(defaults);
        tracking.MapGet("/health", () => "OK").Requires(Role.Viewer);
        tracking.MapGet("/version", () => MlflowVersion).Requires(Role.Viewer);
        tracking.MapGet("/get-artifact", ArtifactRoutes.GetOfRun).Requires(Role.Viewer);
        foreach (var root in (string[])["/api/2.0", "/ajax-api/2.0"])
        {
            MapTracking(tracking.MapGroup(root + "/mlflow"));
            MapRegistry(tracking.MapGroup(root + "/mlflow"));
            MapArtifacts(tracking.MapGroup(root + "/mlflow-artifacts/artifacts"));
        }

        app.MapFallback("/mlflow/{project}/{**rest}", (HttpRequest request) =>
            new Refused(new(404, "ENDPOINT_NOT_FOUND", $"There is no {request.Method} {request.Path} here."))).Requires(Role.Viewer);
        return app;
    }

    private static void MapTracking(RouteGroupBuilder api)
    {
        api.MapPost("/experiments/create", CreateExperimentSlice.Handle).Requires(Role.Contributor);
        api.MapGet("/experiments/get", ReadExperiments.Get).Requires(Role.Viewer);
        api.MapGet("/experiments/get-by-name", ReadExperiments.GetByName).Requires(Role.Viewer);
        api.MapMethods("/experiments/search", ["GET", "POST"], ReadExperiments.Search).Requires(Role.Viewer);
        api.MapPost("/experiments/update", ChangeExperimentSlice.HandleRename).Requires(Role.Contributor);
        api.MapPost("/experiments/delete", ChangeExperimentSlice.HandleDelete).Requires(Role.Contributor);
        api.MapPost("/experiments/restore", ChangeExperimentSlice.HandleRestore).Requires(Role.Contributor);
        api.MapPost("/experiments/set-experiment-tag", ExperimentTagSlice.HandleSet).Requires(Role.Contributor);
        api.MapPost("/experiments/delete-experiment-tag", ExperimentTagSlice.HandleRemove).Requires(Role.Contributor);

        api.MapPost("/runs/create", CreateRunSlice.Handle).Requires(Role.Contributor);
        api.MapGet("/runs/get", GetRunSlice.Handle).Requires(Role.Viewer);
        api.MapPost("/runs/search", SearchRunsSlice.Handle).Requires(Role.Viewer);
        api.MapPost("/runs/update", UpdateRunSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/delete", DeleteRunSlice.HandleDelete).Requires(Role.Contributor);
        api.MapPost("/runs/restore", DeleteRunSlice.HandleRestore).Requires(Role.Contributor);
        api.MapPost("/runs/log-metric", LogMetricSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/log-parameter", LogParamSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/log-batch", LogBatchSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/log-inputs", LogInputsSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/set-tag", SetTagSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/delete-tag", SetTagSlice.HandleRemove).Requires(Role.Contributor);
        api.MapGet("/metrics/get-history", MetricHistorySlice.Handle).Requires(Role.Viewer);
        api.MapGet("/artifacts/list", ArtifactRoutes.ListOfRun).Requires(Role.Viewer);
    }

    private static void MapRegistry(RouteGroupBuilder api)
    {
        api.MapPost("/registered-models/create", RegisterModelSlice.Handle).Requires(Role.Contributor);
        api.MapGet("/registered-models/get", ReadModels.Get).Requires(Role.Viewer);
        api.MapGet("/registered-models/search", ReadModels.Search).Requires(Role.Viewer);
        api.MapMethods("/registered-models/get-latest-versions", ["GET", "POST"], ReadModels.Latest).Requires(Role.Viewer);
        api.MapGet("/registered-models/alias", ReadModels.GetByAlias).Requires(Role.Viewer);
        api.MapPost("/registered-models/alias", PromoteSlice.HandleSetAlias).Requires(Role.Contributor);
        api.MapDelete("/registered-models/alias", PromoteSlice.HandleRemoveAlias).Requires(Role.Contributor);
        api.MapPost("/model-versions/create", RegisterVersionSlice.Handle).Requires(Role.Contributor);
        api.MapGet("/model-versions/get", ReadModels.GetVersion).Requires(Role.Viewer);
        api.MapGet("/model-versions/search", ReadModels.SearchVersions).Requires(Role.Viewer);
        api.MapPost("/model-versions/transition-stage", PromoteSlice.HandleStage).Requires(Role.Contributor);
        api.MapGet("/model-versions/get-download-uri", ReadModels.DownloadUri).Requires(Role.Viewer);
    }

    private static void MapArtifacts(RouteGroupBuilder artifacts)
    {
        artifacts.MapGet("", ArtifactRoutes.List).Requires(Role.Viewer);
        artifacts.MapGet("/{**path}", ArtifactRoutes.Get).Requires(Role.Viewer);
        artifacts.MapPut("/{**path}", ArtifactRoutes.Put).Requires(Role.Contributor).WithMetadata(new DisableRequestSizeLimitAttribute());
        artifacts.MapDelete("/{**path}", ArtifactRoutes.Delete).Requires(Role.Contributor);
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
