using JasperFx.Events.Projections;
using Marten;
using Microsoft.AspNetCore.Mvc;
using MlLifecycle.Monitoring.Alerts;
using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.Monitoring.Labels;
using MlLifecycle.Monitoring.Predictions;
using MlLifecycle.Monitoring.References;
using MlLifecycle.Monitoring.Windows;
using MlLifecycle.ServiceDefaults.Bus;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Monitoring;

/// <summary>Models in production: deployments, their predictions in windows, drift against a reference, rules and alerts.</summary>
public static class MonitoringService
{
    public static WebApplicationBuilder AddMonitoring(this WebApplicationBuilder builder)
    {
        builder.AddBus("monitoring");
        builder.AddEventStore(Announcements.Of, store =>
        {
            store.Fold<Deployment>();
            store.Schema.For<Deployment>().Index(d => d.ProjectId);
            store.Projections.Add(new ReadModels(), ProjectionLifecycle.Inline);
            store.Schema.For<ClosedWindow>().UniqueIndex(w => w.DeploymentId, w => w.Number);
            store.Schema.For<Alert>().Index(a => a.ProjectId);
            store.Schema.For<Beginning>();
        });
        var services = builder.Services;
        services.AddHttpClient(DatasetFiles.Service);
        services.AddHostedService<Layout>();
        services.AddSingleton<Spool>();
        services.AddSingleton<DatasetFiles>();
        services.AddSingleton<ReferenceStore>();
        services.AddSingleton<PredictionStore>();
        services.AddSingleton<InferenceLog>();
        services.AddSingleton<Intakes>();
        services.AddSingleton<LabelStore>();
        services.AddSingleton<WindowQueue>();
        services.AddSingleton<Evaluator>();
        services.AddHostedService(provider => provider.GetRequiredService<Evaluator>());
        return builder;
    }

    public static WebApplication MapMonitoring(this WebApplication app)
    {
        app.Services.GetRequiredService<Spool>(); // a missing or unusable directory stops the start, not the first upload

        var project = app.MapGroup("/api/projects/{project}");
        project.MapPost("/deployments", StartDeploymentSlice.Handle).Requires(Role.Maintainer);
        project.MapGet("/deployments", ReadDeployments.List).Requires(Role.Viewer);

        var deployment = project.MapGroup("/deployments/{deployment}");
        deployment.MapGet("", ReadDeployments.One).Requires(Role.Viewer);
        deployment.MapPut("/rollout", MoveRolloutSlice.Handle).Requires(Role.Maintainer);
        // Uploads have a limit of their own, checked while they are received, with a clearer answer.
        deployment.MapPut("/reference", TakeReferenceSlice.Handle).WithMetadata(new DisableRequestSizeLimitAttribute()).Requires(Role.Maintainer);
        deployment.MapPost("/predictions", ReceivePredictions.Handle).WithMetadata(new DisableRequestSizeLimitAttribute()).Requires(Role.Contributor);
        deployment.MapPost("/labels", ReceiveLabels.Handle).WithMetadata(new DisableRequestSizeLimitAttribute()).Requires(Role.Contributor);
        deployment.MapGet("/windows", ReadWindows.List).Requires(Role.Viewer);
        deployment.MapGet("/drift", ReadWindows.Drift).Requires(Role.Viewer);
        deployment.MapGet("/performance", ReceiveLabels.Performance).Requires(Role.Viewer);

        project.MapPost("/alert-rules", DefineRuleSlice.Handle).Requires(Role.Maintainer);
        project.MapGet("/alert-rules", DefineRuleSlice.List).Requires(Role.Viewer);
        project.MapGet("/alerts", ReadAlerts.List).Requires(Role.Viewer);
        project.MapGet("/alerts/{alert:guid}", ReadAlerts.One).Requires(Role.Viewer);
        project.MapPost("/alerts/{alert:guid}/acknowledge", AcknowledgeAlertSlice.Handle).Requires(Role.Contributor);
        project.MapPost("/alerts/{alert:guid}/resolve", ResolveAlertSlice.Handle).Requires(Role.Contributor);
        return app;
    }
}
