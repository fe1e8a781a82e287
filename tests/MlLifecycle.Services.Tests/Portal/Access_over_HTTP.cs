using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Marten;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Portal.Gateway;
using MlLifecycle.Portal.Tokens;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;
using Shouldly;
using Xunit;

namespace MlLifecycle.Portal;

public sealed class Access_over_HTTP(PortalFixture fixture) : IClassFixture<PortalFixture>
{
    public static TheoryData<string, string> GuardedRoutes => [.. RouteTable.Routes.Where(route => route.Least is not null)
        .Select(route => (route.Methods?[0] ?? "GET", route.Path.Replace("{project}", "fashion").Replace("{dataset}", "mnist").Replace("{**path}", "x")))];

    [Fact]
    public void guards_every_route()
    {
        var open = fixture.Portal.Endpoints
            .Where(e => e.Metadata.GetMetadata<RequiredRole>() is null && e.Metadata.GetMetadata<IAllowAnonymous>() is null && e.Metadata.GetMetadata<IAuthorizeData>() is null)
            .Select(e => e.RoutePattern.RawText);
        open.ShouldBeEmpty();
        fixture.Portal.Endpoints.Count(e => e.Metadata.GetMetadata<RequiredRole>() is not null).ShouldBeGreaterThanOrEqualTo(GuardedRoutes.Count);
    }

    [Theory]
    [MemberData(nameof(GuardedRoutes))]
    public async Task lets_nobody_through_without_a_token(string method, string path)
    {
        using var client = fixture.Portal.As();
        using var answer = await client.SendAsync(new(new HttpMethod(method), path));
        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await answer.Content.ReadAsStringAsync()).ShouldContain(path.Contains("mlflow") || path.Contains("ajax-api") || path.Contains("artifact") || path == "/v1/traces" ? "UNAUTHENTICATED" : "\"code\":\"unauthenticated\"");
    }

    [Theory]
    [MemberData(nameof(GuardedRoutes))]
    public async Task lets_no_token_of_another_project_through(string method, string path)
    {
        var (token, _) = await fixture.Issue(Role.Maintainer, "cars");
        using var client = fixture.Portal.As(token);
        using var answer = await client.SendAsync(new(new HttpMethod(method), path));
        if (!path.Contains("fashion") && path != "/api/projects")
        {
            // The MLflow API at the root is the token's own project, whatever else is asked for.
            (await answer.Content.ReadAsStringAsync()).ShouldContain("/mlflow/cars/");
            return;
        }

        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("is for the project 'cars' only");
    }

    [Fact]
    public async Task takes_a_token_as_bearer_or_as_the_password_of_basic()
    {
        (await fixture.Portal.As(fixture.AdminToken).GetAsync("/api/me").Json())["actor"]!.GetValue<string>().ShouldBe("admin");
        using var basic = fixture.Portal.As();
        basic.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"anyone:{fixture.AdminToken}")));
        (await basic.GetAsync("/api/me").Json())["role"]!.GetValue<string>().ShouldBe("admin");
        await fixture.Portal.As(TokenSecret.New()).GetAsync("/api/me").Problem(401, "unauthenticated");
        await fixture.Portal.As("nonsense").GetAsync("/api/me").Problem(401, "unauthenticated");
    }

    [Fact]
    public async Task shows_a_token_once_and_keeps_its_hash_only()
    {
        var (token, id) = await fixture.Issue(Role.Viewer);
        using var admin = fixture.Portal.As(fixture.AdminToken);
        (await admin.GetStringAsync("/api/tokens")).ShouldNotContain(token);
        await using var database = NpgsqlDataSource.Create(fixture.Database);
        await using var search = database.CreateCommand("SELECT string_agg(data::text, '') FROM (SELECT data FROM mt_events UNION ALL SELECT data FROM mt_doc_apitoken) everything");
        var kept = (string)(await search.ExecuteScalarAsync())!;
        kept.ShouldContain(TokenSecret.Hash(token));
        kept.ShouldNotContain(token);
        kept.ShouldNotContain(token["mll_".Length..]);
        await admin.DeleteAsync($"/api/tokens/{id}").Json();
    }

    [Fact]
    public async Task a_retried_issue_makes_no_second_token()
    {
        using var admin = fixture.Portal.As(fixture.AdminToken);
        admin.DefaultRequestHeaders.Add("Idempotency-Key", $"{Guid.NewGuid()}");
        var wish = new { name = $"t{Guid.NewGuid():N}", role = "viewer" };
        await admin.Post("/api/tokens", wish).Json(HttpStatusCode.Created);
        await admin.Post("/api/tokens", wish).Problem(409, "token-shown-once");
        await admin.Post("/api/tokens", new { name = "other", role = "viewer" }).Problem(409, "key-reused");
        await fixture.Portal.As(fixture.AdminToken).Post("/api/tokens", wish).Problem(409, "token-name-taken");
    }

    [Fact]
    public async Task a_name_is_given_to_one_of_many_who_ask_at_once()
    {
        using var admin = fixture.Portal.As(fixture.AdminToken);
        var name = $"t{Guid.NewGuid():N}";
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => admin.Post("/api/tokens", new { name, role = "viewer" })));
        answers.Count(answer => answer.StatusCode == HttpStatusCode.Created).ShouldBe(1);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict).ShouldBe(7);
    }

    [Fact]
    public async Task nobody_issues_above_their_own_role_or_beyond_their_project()
    {
        var (maintainer, _) = await fixture.Issue(Role.Maintainer, "fashion");
        using var client = fixture.Portal.As(maintainer);
        await client.Post("/api/tokens", new { name = $"t{Guid.NewGuid():N}", role = "maintainer", project = "fashion" }).Json(HttpStatusCode.Created);
        await client.Post("/api/tokens", new { name = "x", role = "admin" }).Problem(403, "beyond-own-project");
        await client.Post("/api/tokens", new { name = "x", role = "viewer", project = "cars" }).Problem(403, "beyond-own-project");
        await client.Post("/api/tokens", new { name = "x", role = "viewer", project = "no-such" }).Problem(403, "beyond-own-project");
        var (contributor, _) = await fixture.Issue(Role.Contributor);
        await fixture.Portal.As(contributor).Post("/api/tokens", new { name = "x", role = "viewer" }).Problem(403, "forbidden");
        await fixture.Portal.As(fixture.AdminToken).Post("/api/tokens", new { name = "x", role = "viewer", project = "no-such" }).Problem(404, "project-unknown");
        await fixture.Portal.As(fixture.AdminToken).Post("/api/tokens", new { name = "x", role = "viewer", until = "then" }).Problem(400, "invalid-input", "until");
    }

    [Fact]
    public async Task lists_to_everyone_the_tokens_they_may_see()
    {
        var (viewer, viewerId) = await fixture.Issue(Role.Viewer);
        var (maintainer, maintainerId) = await fixture.Issue(Role.Maintainer, "cars");
        (await Ids(viewer)).ShouldBe([viewerId]);
        (await Ids(maintainer)).ShouldContain(maintainerId);
        (await Ids(maintainer)).ShouldNotContain(viewerId);
        (await Ids(fixture.AdminToken)).ShouldContain(maintainerId);

        async Task<List<Guid>> Ids(string token) =>
            [.. (await fixture.Portal.As(token).GetAsync("/api/tokens").Json())["items"]!.AsArray().Select(t => t!["id"]!.GetValue<Guid>())];
    }

    [Fact]
    public async Task a_revocation_takes_effect_on_every_instance_within_seconds()
    {
        await using var other = await fixture.Start();
        var (token, id) = await fixture.Issue(Role.Viewer);
        await other.As(token).GetAsync("/api/me").Json();
        await fixture.Portal.As(token).GetAsync("/api/me").Json();
        await fixture.Portal.As(fixture.AdminToken).DeleteAsync($"/api/tokens/{id}").Json();
        await fixture.Portal.As(token).GetAsync("/api/me").Problem(401, "unauthenticated");
        await Answers.Until(async () => (await other.As(token).GetAsync("/api/me")).StatusCode, status => status == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(10));
        (await other.As(token).GetAsync("/api/me").Problem(401, "unauthenticated"))["detail"]!.GetValue<string>().ShouldContain("was revoked");
        await fixture.Portal.As(fixture.AdminToken).DeleteAsync($"/api/tokens/{id}").Json();
    }

    [Fact]
    public async Task a_token_ends_when_it_expires()
    {
        var (token, _) = await fixture.Issue(Role.Viewer, expires: TimeProvider.System.GetUtcNow().AddSeconds(2));
        await fixture.Portal.As(token).GetAsync("/api/me").Json();
        await Answers.Until(async () => (await fixture.Portal.As(token).GetAsync("/api/me")).StatusCode, status => status == HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task lists_of_projects_leave_out_what_the_caller_may_not_see()
    {
        var (cars, _) = await fixture.Issue(Role.Viewer, "cars");
        (await Slugs(cars, "/api/projects", "slug")).ShouldBe(["cars"]);
        (await Slugs(cars, "/api/lifecycles", "project")).ShouldBe(["cars"]);
        (await Slugs(fixture.AdminToken, "/api/projects", "slug")).ShouldBe(["cars", "fashion"]);
        (await Slugs(fixture.AdminToken, "/api/lifecycles", "project")).ShouldBe(["fashion", "cars"]);
        (await fixture.Portal.As(fixture.AdminToken).GetAsync("/api/projects?limit=1").Json())["next"].ShouldNotBeNull();
        await fixture.Portal.As(fixture.AdminToken).GetAsync("/api/projects?after=zzz").Problem(400, "invalid-input", "after");

        async Task<List<string>> Slugs(string token, string path, string field) =>
            [.. (await fixture.Portal.As(token).GetAsync(path).Json())["items"]!.AsArray().Select(p => p![field]!.GetValue<string>())];
    }

    [Fact]
    public async Task the_first_start_makes_one_admin_token_however_many_instances_start()
    {
        var database = await fixture.NewDatabase("portal_first");
        var instances = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => fixture.Start(("ConnectionStrings:events", database), ("Portal:AdminTokenFile", fixture.TokenFile($"first{i}")))));
        var file = Enumerable.Range(0, 3).Select(i => fixture.TokenFile($"first{i}")).Where(File.Exists).ShouldHaveSingleItem();
        PortalFixture.IsPrivate(file).ShouldBeTrue();
        var token = (await File.ReadAllTextAsync(file)).Trim();
        foreach (var instance in instances)
            await instance.As(token).GetAsync("/api/me").Json();
        foreach (var instance in instances)
            await instance.DisposeAsync();

        var again = fixture.TokenFile("again");
        await using (var restarted = await fixture.Start(("ConnectionStrings:events", database), ("Portal:AdminTokenFile", again)))
            await restarted.As(token).GetAsync("/api/me").Json();
        File.Exists(again).ShouldBeFalse();

        // Lost: a start with the setting makes another, once.
        await using (var recovered = await fixture.Start(("ConnectionStrings:events", database), ("Portal:AdminTokenFile", again), ("Portal:NewAdminToken", "spring")))
            (await recovered.As((await File.ReadAllTextAsync(again)).Trim()).GetAsync("/api/me").Json())["actor"]!.GetValue<string>().ShouldBe("admin-spring");
        File.Delete(again);
        await using (await fixture.Start(("ConnectionStrings:events", database), ("Portal:AdminTokenFile", again), ("Portal:NewAdminToken", "spring")))
            File.Exists(again).ShouldBeFalse();
    }
}
