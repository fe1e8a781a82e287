using Marten;
using MlLifecycle.Scoping.Projects;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Scoping.Metrics;

/// <summary>Defines a figure the project will be judged or watched by. Defining the name again replaces it: that is how a target moves.</summary>
/// <param name="Name">As runs and monitors report it, as in <c>accuracy</c>.</param>
/// <param name="Kind"><c>ml</c>, <c>software</c>, <c>business</c>, <c>input</c> or <c>output</c>.</param>
/// <param name="Unit">As in <c>ratio</c>, <c>ms</c>, <c>queries/s</c>, <c>EUR</c>.</param>
/// <param name="Direction"><c>higher</c> or <c>lower</c> is better.</param>
/// <param name="Target">What it shall reach, in its unit.</param>
/// <param name="Primary">Whether it is the one metric of its kind that decides.</param>
/// <param name="Description">What it means here.</param>
public sealed record DefineMetric(string Name, string Kind, string Unit, string Direction, double? Target = null, bool Primary = false, string? Description = null);

public sealed record MetricDefined(DefineMetric Metric);

public static class DefineMetricSlice
{
    public static readonly string[] Kinds = ["ml", "software", "business", "input", "output"];

    public static Decision Decide(Project project, DefineMetric metric) =>
        Fields.First(
            Fields.Name("name", metric.Name),
            Fields.OneOf("kind", metric.Kind, Kinds),
            Fields.Text("unit", metric.Unit, 40),
            Fields.OneOf("direction", metric.Direction, ["higher", "lower"]),
            Figures.Figure("target", metric.Target, metric.Unit, metric.Kind),
            Fields.Text("description", metric.Description, required: false)) is { } refusal ? refusal
        : project.Metrics.Contains(metric) ? Nothing
        : Accept(new MetricDefined(metric));

    public static Task<IResult> Handle(DefineMetric command, Caller caller, IDocumentSession session, IfMatch ifMatch, CancellationToken ct) =>
        Scope.Change(
            caller, session, ifMatch, p => Decide(p, command), p => TypedResults.Created($"/api/projects/{p.Slug}/metrics", p.Metrics.Find(m => m.Name == command.Name)), ct);

    public static Task<IResult> List(string project, Caller caller, IQuerySession session, HttpContext http, At at, CancellationToken ct) =>
        ReadProjects.AnswerList(project, caller, session, http, at, p => p.Metrics, ct);
}
