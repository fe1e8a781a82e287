using Marten;
using MassTransit;
using MlLifecycle.Scoping.Baselines;
using MlLifecycle.Scoping.Metrics;
using MlLifecycle.Scoping.Milestones;
using MlLifecycle.Scoping.Problems;
using MlLifecycle.Scoping.Projects;
using MlLifecycle.Scoping.Solutions;
using MlLifecycle.ServiceDefaults.Bus;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Scoping;

/// <summary>What a project is for and how it will be judged: problem, constraints, solutions, metrics, baselines, milestones.</summary>
public static class ScopingService
{
    public static WebApplicationBuilder AddScoping(this WebApplicationBuilder builder)
    {
        builder.AddBus("scoping", bus => bus.AddConsumer<OnRunFinished>());
        builder.AddEventStore(Announcements.Of, store =>
        {
            store.Fold<Project>();
            store.Schema.For<Project>().UniqueIndex(Project.SlugIndex, project => project.Slug);
        });
        return builder;
    }

    public static WebApplication MapScoping(this WebApplication app)
    {
        app.MapPost("/api/projects", CreateProjectSlice.Handle).Requires(Role.Contributor);
        app.MapGet("/api/projects", ReadProjects.List).Requires(Role.Viewer);

        var project = app.MapGroup("/api/projects/{project}");
        project.MapGet("", ReadProjects.One).Requires(Role.Viewer);
        project.MapPut("/problem", StateProblemSlice.Handle).Requires(Role.Maintainer);
        project.MapPut("/constraints", SetConstraintsSlice.Handle).Requires(Role.Maintainer);
        project.MapPost("/solutions", ProposeSolutionSlice.Handle).Requires(Role.Contributor);
        project.MapGet("/solutions", ProposeSolutionSlice.List).Requires(Role.Viewer);
        project.MapPost("/metrics", DefineMetricSlice.Handle).Requires(Role.Maintainer);
        project.MapGet("/metrics", DefineMetricSlice.List).Requires(Role.Viewer);
        project.MapPost("/baselines", RecordBaselineSlice.Handle).Requires(Role.Contributor);
        project.MapGet("/baselines", RecordBaselineSlice.List).Requires(Role.Viewer);
        project.MapPost("/milestones", PlanMilestoneSlice.Handle).Requires(Role.Maintainer);
        project.MapGet("/milestones", PlanMilestoneSlice.List).Requires(Role.Viewer);
        return app;
    }
}
