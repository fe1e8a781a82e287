using MlLifecycle.Lifecycle.Moves;
using MlLifecycle.Lifecycle.Silo;
using MlLifecycle.Lifecycle.Timeline;
using MlLifecycle.Lifecycle.Views;
using MlLifecycle.ServiceDefaults.Bus;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Trust;
using Orleans.Dashboard;

namespace MlLifecycle.Lifecycle;

/// <summary>Where every project stands, what blocks it and why: stages, gates, waivers, next actions, and the timeline of all that happened.</summary>
public static class LifecycleService
{
    public static WebApplicationBuilder AddLifecycle(this WebApplicationBuilder builder)
    {
        builder.AddBus("lifecycle", Facts.Heard.AddConsumers);
        builder.AddEventStore(Announcements.Of, store =>
        {
            store.Fold<Standing>();
            store.Schema.For<Standing>().Duplicate(standing => standing.NextExpiry!);
            store.Schema.For<TimelineEntry>()
                .Index([entry => entry.ProjectId, entry => entry.At])
                .Index([entry => entry.ProjectId, entry => entry.Subject])
                .Index([entry => entry.ProjectId, entry => entry.Digest!], index => index.Predicate = "data ->> 'digest' is not null");
        });
        builder.AddSilo();
        builder.Services.AddHostedService<WaiverSweep>();
        return builder;
    }

    public static WebApplication MapLifecycle(this WebApplication app)
    {
        app.MapGet("/api/lifecycles", ReadLifecycles.All).Requires(Role.Viewer);
        var project = app.MapGroup("/api/projects/{project}");
        project.MapGet("/lifecycle", ReadLifecycle.One).Requires(Role.Viewer);
        project.MapPost("/lifecycle/waivers", WaiveRequirementSlice.Handle).Requires(Role.Maintainer);
        project.MapPost("/lifecycle/transitions", MoveProjectSlice.Handle).Requires(Role.Maintainer);
        project.MapGet("/timeline", ReadTimeline.List).Requires(Role.Viewer);
        project.MapGet("/timeline/{eventId:guid}/causes", ReadCauses.Of).Requires(Role.Viewer);
        // For operators who reach the service itself: it shows grains of every project, so that the Portal does not pass it on.
        app.MapOrleansDashboard("/dashboard").Requires(Role.Admin);
        return app;
    }
}
