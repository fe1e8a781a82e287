using MlLifecycle.Portal.Access;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Portal.Gateway;

public static class The_route_table
{
    [Theory]
    [InlineData("POST", "/api/projects", "scoping", null)]
    [InlineData("GET", "/api/projects/fashion", "scoping", "fashion")]
    [InlineData("PUT", "/api/projects/fashion/problem", "scoping", "fashion")]
    [InlineData("GET", "/api/projects/fashion/milestones", "scoping", "fashion")]
    [InlineData("GET", "/api/projects/fashion/lifecycle", "lifecycle", "fashion")]
    [InlineData("POST", "/api/projects/fashion/lifecycle/waivers", "lifecycle", "fashion")]
    [InlineData("GET", "/api/projects/fashion/timeline/0192a000-0000-7000-8000-000000000001/causes", "lifecycle", "fashion")]
    [InlineData("PUT", "/api/projects/fashion/datasets/mnist/staging/a/b/c.csv", "datasets", "fashion")]
    [InlineData("GET", "/api/projects/fashion/datasets/mnist/versions/latest/files/a/b.csv", "datasets", "fashion")]
    [InlineData("POST", "/fashion/mnist.git/info/lfs/objects/batch", "datasets", "fashion")]
    [InlineData("GET", "/api/projects/fashion/runs/0a/metrics/loss", "experiments", "fashion")]
    [InlineData("GET", "/api/projects/fashion/models", "experiments", "fashion")]
    [InlineData("POST", "/mlflow/fashion/api/2.0/mlflow/runs/search", "experiments", "fashion")]
    [InlineData("PUT", "/mlflow/fashion/api/2.0/mlflow-artifacts/artifacts/0/x/model.bin", "experiments", "fashion")]
    [InlineData("POST", "/api/2.0/mlflow/runs/create", "experiments", null)]
    [InlineData("GET", "/ajax-api/2.0/mlflow/runs/get", "experiments", null)]
    [InlineData("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/x/model.bin", "experiments", null)]
    [InlineData("POST", "/api/3.0/mlflow/traces", "experiments", null)]
    [InlineData("GET", "/ajax-api/3.0/mlflow/traces/tr-1", "experiments", null)]
    [InlineData("POST", "/v1/traces", "experiments", null)]
    [InlineData("POST", "/mlflow/fashion/v1/traces", "experiments", "fashion")]
    [InlineData("GET", "/model-versions/get-artifact", "experiments", null)]
    [InlineData("GET", "/mlflow/fashion/health", "experiments", "fashion")]
    [InlineData("POST", "/mlflow/fashion/health", "experiments", "fashion")]
    [InlineData("GET", "/version", "experiments", null)]
    [InlineData("PUT", "/mlflow-uploads/0af7651916cd43dd8448eb211c80319c/1/abc", "experiments", null)]
    [InlineData("PUT", "/api/projects/fashion/evaluations/7/tags/class%3DShirt", "erroranalysis", "fashion")]
    [InlineData("POST", "/api/projects/fashion/deployments/web/predictions", "monitoring", "fashion")]
    [InlineData("GET", "/api/projects/fashion/alert-rules", "monitoring", "fashion")]
    [InlineData("POST", "/api/projects/fashion/alerts/7/resolve", "monitoring", "fashion")]
    [InlineData("GET", "/openapi/monitoring.json", "monitoring", null)]
    public static void knows_who_answers(string method, string path, string service, string? project)
    {
        var found = RouteTable.Find(method, path).ShouldNotBeNull();
        (found.Route.Service, found.Project).ShouldBe((service, project));
    }

    [Theory]
    [InlineData("GET", "/api/projects")]
    [InlineData("GET", "/api/projects/fashion/secrets")]
    [InlineData("GET", "/api/tokens")]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/health")]
    [InlineData("GET", "/openapi/portal.json")]
    public static void knows_what_no_service_answers(string method, string path) => RouteTable.Find(method, path).ShouldBeNull();

    [Fact]
    public static void asks_for_a_role_everywhere_but_for_the_shape_of_the_API_parts_of_uploads_and_signs_of_life() =>
        RouteTable.Routes.Where(route => route.Least is null && !route.Path.StartsWith("/openapi/")).Select(route => route.Id)
            .ShouldBe(["GET,HEAD /mlflow/{project}/health", "GET,HEAD /mlflow/{project}/version", "GET,HEAD /version", "PUT /mlflow-uploads/{**path}"]);

    [Fact]
    public static void names_each_route_once() => RouteTable.Routes.Select(route => route.Id).ShouldBeUnique();
}

public static class The_role_of_a_holder
{
    private static readonly Holder SuiteWide = new(Guid.NewGuid(), "sue", Role.Contributor, null, null, null);
    private static readonly Holder OfFashion = SuiteWide with { Project = "fashion", ProjectId = Guid.NewGuid() };

    [Fact]
    public static void holds_on_every_project_when_suite_wide() => (SuiteWide.On("fashion"), SuiteWide.AcrossSuite).ShouldBe((Role.Contributor, Role.Contributor));

    [Fact]
    public static void of_one_project_ends_at_its_border()
    {
        (OfFashion.On("fashion"), OfFashion.On("cars"), OfFashion.On("Fashion"), OfFashion.AcrossSuite).ShouldBe((Role.Contributor, null, null, null));
        (OfFashion.Sees("fashion"), OfFashion.Sees("")).ShouldBe((true, false));
    }
}

public static class A_return_address
{
    [Theory]
    [InlineData("/projects/fashion?tab=2#x", "/projects/fashion?tab=2#x")]
    [InlineData("/", "/")]
    [InlineData("//evil.example", "/home")]
    [InlineData("/\\evil.example", "/home")]
    [InlineData("https://evil.example", "/home")]
    [InlineData("javascript:alert(1)", "/home")]
    [InlineData("/\t/evil.example", "/home")]
    [InlineData("", "/home")]
    [InlineData(null, "/home")]
    public static void never_leads_off_the_site(string? path, string leads) => Session.LocalOr(path, "/home").ShouldBe(leads);
}
