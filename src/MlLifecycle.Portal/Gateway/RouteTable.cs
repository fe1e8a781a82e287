using Microsoft.AspNetCore.Routing.Template;
using MlLifecycle.Portal.Access;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Gateway;

/// <summary>A path of the suite's API and the service that answers there.</summary>
/// <param name="Path">The route pattern.</param>
/// <param name="Service">The service's name.</param>
/// <param name="Reach">What the path addresses.</param>
/// <param name="Least">The least role that gets through to the service, which asks for more where a method needs more; null lets anyone through.</param>
/// <param name="Methods">The methods it is for; null for all.</param>
public sealed record GatewayRoute(string Path, string Service, Reach Reach, Role? Least = Role.Viewer, string[]? Methods = null)
{
    public string Id => Methods is null ? Path : $"{string.Join(',', Methods)} {Path}";
}

/// <summary>Which service answers where: all of the API on one page.</summary>
public static class RouteTable
{
    public static readonly string[] Services = ["scoping", "datasets", "experiments", "erroranalysis", "monitoring", "lifecycle"];

    public static readonly IReadOnlyList<GatewayRoute> Routes =
    [
        // GET /api/projects and GET /api/lifecycles are the Portal's own: it leaves out what the caller may not see.
        new("/api/projects", "scoping", Reach.Suite, Methods: ["POST"]),
        .. Project("scoping", "", "problem", "constraints", "solutions", "metrics", "baselines", "milestones"),
        .. Project("lifecycle", "lifecycle", "timeline"),
        .. Project("datasets", "datasets"),
        .. Project("experiments", "runs", "models"),
        .. Project("erroranalysis", "evaluations"),
        .. Project("monitoring", "deployments", "alert-rules", "alerts"),

        // Probes and clients ask before they have shown who they are; the answer is the same for every name.
        .. new[] { "/mlflow/{project}/health", "/mlflow/{project}/version", "/version" }
            .Select(path => new GatewayRoute(path, "experiments", Reach.Suite, Least: null, Methods: ["GET", "HEAD"])),
        new("/mlflow/{project}/{**path}", "experiments", Reach.Project),
        new("/{project}/{dataset}.git/info/lfs/{**path}", "datasets", Reach.Project),

        // A token of one project is all an MLflow client needs: the same API at the root.
        .. new[]
        {
            "/api/2.0/mlflow/{**path}", "/api/3.0/mlflow/{**path}", "/ajax-api/{**path}", "/api/2.0/mlflow-artifacts/{**path}",
            "/get-artifact", "/model-versions/get-artifact", "/v1/traces",
        }.Select(path => new GatewayRoute(path, "experiments", Reach.OwnProject)),

        // Parts of large files: the address itself is the key, as of any storage that hands out addresses. The service checks it.
        new("/mlflow-uploads/{**path}", "experiments", Reach.Suite, Least: null, Methods: ["PUT"]),

        // The shape of the API is no secret.
        .. Services.Select(service => new GatewayRoute($"/openapi/{service}.json", service, Reach.Suite, Least: null, Methods: ["GET"])),
    ];

    private static readonly (GatewayRoute Route, TemplateMatcher Matcher)[] Matchers =
        [.. Routes.Select(route => (route, new TemplateMatcher(TemplateParser.Parse(route.Path.TrimStart('/')), [])))];

    /// <summary>The route that a path takes, and the project it addresses; null when no service answers there.</summary>
    public static (GatewayRoute Route, string? Project)? Find(string method, string path)
    {
        foreach (var (route, matcher) in Matchers)
        {
            var values = new RouteValueDictionary();
            if (route.Methods?.Contains(method) != false && matcher.TryMatch(path, values))
                return (route, values["project"] as string);
        }

        return null;
    }

    private static IEnumerable<GatewayRoute> Project(string service, params string[] parts) =>
        parts.Select(part => new GatewayRoute(part.Length == 0 ? "/api/projects/{project}" : $"/api/projects/{{project}}/{part}/{{**path}}", service, Reach.Project));
}
