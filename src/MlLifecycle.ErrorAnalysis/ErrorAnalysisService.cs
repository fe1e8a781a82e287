using Marten;
using Microsoft.AspNetCore.Mvc;
using MlLifecycle.ErrorAnalysis.Evaluations;
using MlLifecycle.ErrorAnalysis.Tables;
using MlLifecycle.ErrorAnalysis.Tags;
using MlLifecycle.ServiceDefaults.Bus;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.ErrorAnalysis;

/// <summary>Where a model errs, and what is worth working on: evaluations, their tag tables, and what the team decides about each tag.</summary>
public static class ErrorAnalysisService
{
    public static WebApplicationBuilder AddErrorAnalysis(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TableStore>();
        builder.Services.AddSingleton<EvaluationTables>();
        builder.AddBus("erroranalysis");
        builder.AddEventStore(Announcements.Of, store =>
        {
            store.Fold<Evaluation>();
            store.Fold<TagBook>();
            store.Schema.For<Evaluation>().Index(e => e.ProjectId);
        });
        return builder;
    }

    public static WebApplication MapErrorAnalysis(this WebApplication app)
    {
        var evaluations = app.MapGroup("/api/projects/{project}/evaluations");
        // The table's own limit is checked while it is received, with a clearer answer.
        evaluations.MapPost("", RecordEvaluationSlice.Handle).WithMetadata(new DisableRequestSizeLimitAttribute()).Requires(Role.Contributor);
        evaluations.MapGet("", ReadEvaluations.List).Requires(Role.Viewer);
        evaluations.MapGet("/{evaluation}", ReadEvaluations.One).Requires(Role.Viewer);
        evaluations.MapGet("/{evaluation}/tags", ReadTags.Handle).Requires(Role.Viewer);
        evaluations.MapPut("/{evaluation}/tags/{**tag}", JudgeTagSlice.Handle).Requires(Role.Contributor);
        evaluations.MapGet("/{evaluation}/priorities", Priorities.Handle).Requires(Role.Viewer);
        evaluations.MapGet("/{evaluation}/confusion", ReadConfusion.Handle).Requires(Role.Viewer);
        evaluations.MapGet("/{evaluation}/compare/{other}", CompareEvaluations.Handle).Requires(Role.Viewer);
        return app;
    }
}
