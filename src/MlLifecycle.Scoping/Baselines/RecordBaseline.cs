using Marten;
using MlLifecycle.Scoping.Projects;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Scoping.Baselines;

/// <summary>Records what others, people included, reach on a metric: what the project's models must beat.</summary>
/// <param name="Name">Its name in the project; recording the name again replaces it.</param>
/// <param name="Kind"><c>human-level</c>, <c>quick-implementation</c>, <c>literature</c> or <c>previous-system</c>.</param>
/// <param name="Metric">A metric of the project.</param>
/// <param name="Value">The figure, in the metric's unit.</param>
/// <param name="Source">Where the figure is from.</param>
/// <param name="Url">Where the source can be read.</param>
public sealed record RecordBaseline(string Name, string Kind, string Metric, double Value, string Source, string? Url = null);

public sealed record BaselineRecorded(RecordBaseline Baseline);

public static class RecordBaselineSlice
{
    public static readonly string[] Kinds = ["human-level", "quick-implementation", "literature", "previous-system"];

    public static Decision Decide(Project project, RecordBaseline baseline)
    {
        var metric = project.Metrics.Find(m => m.Name == baseline.Metric);
        var refusal = Fields.First(
            Fields.Name("name", baseline.Name),
            Fields.OneOf("kind", baseline.Kind, Kinds),
            metric is null ? InvalidInput("metric", $"'{baseline.Metric}' is not a metric of this project. Define it first: POST …/metrics.") : null,
            Figures.Figure("value", baseline.Value, metric?.Unit ?? "", metric?.Kind ?? ""),
            Fields.Text("source", baseline.Source, 1000),
            Fields.Text("url", baseline.Url, 2000, required: false));
        return refusal is not null ? refusal
            : project.Baselines.Contains(baseline) ? Nothing
            : Accept(new BaselineRecorded(baseline));
    }

    public static Task<IResult> Handle(RecordBaseline command, Caller caller, IDocumentSession session, IfMatch ifMatch, CancellationToken ct) =>
        Scope.Change(
            caller, session, ifMatch, p => Decide(p, command), p => TypedResults.Created($"/api/projects/{p.Slug}/baselines", p.Baselines.Find(b => b.Name == command.Name)), ct);

    public static Task<IResult> List(string project, Caller caller, IQuerySession session, HttpContext http, At at, CancellationToken ct) =>
        ReadProjects.AnswerList(project, caller, session, http, at, p => p.Baselines, ct);
}
