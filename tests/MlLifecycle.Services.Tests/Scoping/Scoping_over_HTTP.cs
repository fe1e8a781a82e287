using System.Net;
using System.Text;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Contracts;
using MlLifecycle.ServiceDefaults.Trust;
using MlLifecycle.TestServers;
using Shouldly;
using Xunit;
using Project = MlLifecycle.Scoping.Project;

namespace MlLifecycle.Scoping;

public sealed class ScopingFixture(Servers servers) : Service<Project>(servers);

public sealed class Scoping_over_HTTP(ScopingFixture scoping) : IClassFixture<ScopingFixture>
{
    private static readonly object Accuracy = new { name = "accuracy", kind = "ml", unit = "ratio", direction = "higher", target = 0.9, primary = true };

    [Fact]
    public void guards_every_route() => scoping.ShouldGuardEveryRoute();

    [Fact]
    public async Task a_project_is_created_once_and_read_back()
    {
        var (slug, _) = await NewProject();
        var again = await scoping.Above().Post("/api/projects", new { slug, name = "Fashion" }).Json(HttpStatusCode.Created);
        var read = await scoping.As(project: slug, projectId: again["id"]!.GetValue<Guid>()).GetAsync($"/api/projects/{slug}").Json();
        read["name"]!.GetValue<string>().ShouldBe("Fashion");
        await scoping.Above().Post("/api/projects", new { slug, name = "Shoes" }).Problem(409, "project-exists");
    }

    [Fact]
    public async Task of_many_writers_at_once_none_is_told_that_it_wrote_what_is_lost()
    {
        var (slug, id) = await NewProject();
        var names = Enumerable.Range(0, 12).Select(i => $"m{i:00}").ToList();
        var statuses = await Task.WhenAll(names.Select(async name =>
        {
            using var answer = await scoping.As(project: slug, projectId: id).Post($"/api/projects/{slug}/metrics", new { name, kind = "business", unit = "EUR", direction = "higher" });
            return answer.StatusCode;
        }));
        statuses.ShouldBeSubsetOf([HttpStatusCode.Created, HttpStatusCode.Conflict]);
        var accepted = names.Zip(statuses).Where(write => write.Second == HttpStatusCode.Created).Select(write => write.First).ToList();
        accepted.Count.ShouldBeGreaterThan(1);
        var kept = await scoping.As(project: slug, projectId: id).GetAsync($"/api/projects/{slug}/metrics").Json();
        kept["items"]!.AsArray().Select(metric => metric!["name"]!.GetValue<string>()).ShouldBe(accepted, ignoreOrder: true);
    }

    [Fact]
    public async Task projects_are_listed_in_pages()
    {
        var slugs = new[] { (await NewProject()).Slug, (await NewProject()).Slug, (await NewProject()).Slug };
        var seen = new List<string>();
        string? after = null;
        do
        {
            var page = await scoping.Above().GetAsync($"/api/projects?limit=2&after={after}").Json();
            seen.AddRange(page["items"]!.AsArray().Select(p => p!["slug"]!.GetValue<string>()));
            after = page["next"]?.GetValue<string>();
        }
        while (after is not null);
        seen.ShouldBeUnique();
        slugs.ShouldBeSubsetOf(seen);
        await scoping.Above().GetAsync("/api/projects?after=zzz").Problem(400, "invalid-input", "after");
    }

    [Fact]
    public async Task a_scope_is_built_up_and_the_past_stays_readable()
    {
        var (slug, id) = await NewProject();
        var team = scoping.As(project: slug, projectId: id);
        await team.Post($"/api/projects/{slug}/metrics", Accuracy).Json(HttpStatusCode.Created);
        var before = DateTimeOffset.UtcNow;
        await team.Post($"/api/projects/{slug}/baselines", new { name = "human", kind = "human-level", metric = "accuracy", value = 0.835, source = "docs" })
            .Json(HttpStatusCode.Created);
        await team.Put($"/api/projects/{slug}/problem", new { statement = "Sort returned garments" }).Json();
        (await team.GetAsync($"/api/projects/{slug}/baselines").Json())["items"]!.AsArray().Count.ShouldBe(1);
        var past = await team.GetAsync($"/api/projects/{slug}/baselines?at={Uri.EscapeDataString(before.ToString("O"))}").Json();
        past["items"]!.AsArray().ShouldBeEmpty();
        await team.GetAsync($"/api/projects/{slug}?at=yesterday").Problem(400, "invalid-input", "at");
    }

    [Fact]
    public async Task a_stale_write_is_refused()
    {
        var (slug, id) = await NewProject();
        var team = scoping.As(project: slug, projectId: id);
        var read = await team.GetAsync($"/api/projects/{slug}");
        await team.Post($"/api/projects/{slug}/metrics", Accuracy).Json(HttpStatusCode.Created);
        team.DefaultRequestHeaders.Add("If-Match", read.Headers.ETag!.Tag);
        await team.Put($"/api/projects/{slug}/problem", new { statement = "Late" }).Problem(412, "stale");
    }

    [Theory]
    [InlineData("""{"slug": "ab", "name""", "malformed-json", null)]
    [InlineData("""{"slug": "ab"}""", "invalid-input", "name")]
    [InlineData("""{"slug": "ab", "name": "A", "nmae": 1}""", "invalid-input", "nmae")]
    [InlineData("""{"slug": 12, "name": "A"}""", "invalid-input", "slug")]
    [InlineData("""{"slug": "..", "name": "A"}""", "invalid-input", "slug")]
    [InlineData("""{"slug": "ab", "name": " "}""", "invalid-input", "name")]
    [InlineData("""{"slug": "ab", "name": null}""", "invalid-input", "name")]
    [InlineData("", "malformed-json", null)]
    public async Task bad_input_names_what_is_wrong(string body, string code, string? field) =>
        await scoping.Above().PostAsync("/api/projects", new StringContent(body, Encoding.UTF8, "application/json")).Problem(400, code, field);

    [Fact]
    public async Task a_query_parameter_of_the_wrong_type_is_named() =>
        await scoping.Above().GetAsync("/api/projects?limit=many").Problem(400, "invalid-input", "limit");

    [Theory]
    [InlineData("NaN", "malformed-json")]
    [InlineData("\"NaN\"", "invalid-input")]
    [InlineData("-1", "invalid-input")]
    [InlineData("1e999", "invalid-input")]
    public async Task a_figure_that_is_none_is_refused(string target, string code)
    {
        var (slug, id) = await NewProject();
        var body = $$"""{"name": "accuracy", "kind": "ml", "unit": "ratio", "direction": "higher", "target": {{target}}}""";
        await scoping.As(project: slug, projectId: id)
            .PostAsync($"/api/projects/{slug}/metrics", new StringContent(body, Encoding.UTF8, "application/json")).Problem(400, code, "target");
    }

    [Fact]
    public async Task a_list_with_null_in_it_is_refused_by_its_place()
    {
        var (slug, id) = await NewProject();
        await scoping.As(project: slug, projectId: id).Post($"/api/projects/{slug}/milestones", new { name = "first", targets = new object?[] { null } })
            .Problem(400, "invalid-input", "targets[0]");
    }

    [Fact]
    public async Task a_role_too_small_and_another_project_are_refused()
    {
        var (slug, id) = await NewProject();
        await scoping.As(Role.Viewer, slug, id).Post($"/api/projects/{slug}/metrics", Accuracy).Problem(403, "forbidden");
        await scoping.As(Role.Admin, "another", Guid.CreateVersion7()).GetAsync($"/api/projects/{slug}").Problem(403, "forbidden");
        await scoping.Host.Server.CreateClient().GetAsync($"/api/projects/{slug}").Problem(401, "unauthenticated");
    }

    [Fact]
    public async Task a_finished_run_moves_a_milestone_once_however_often_it_is_delivered()
    {
        var (slug, id) = await NewProject();
        var team = scoping.As(project: slug, projectId: id);
        await team.Post($"/api/projects/{slug}/metrics", Accuracy).Json(HttpStatusCode.Created);
        await team.Post($"/api/projects/{slug}/milestones", new { name = "first", due = "2026-12-24", targets = new[] { new { metric = "accuracy", value = 0.9 } }, resources = "two people" })
            .Json(HttpStatusCode.Created);
        var run = new RunFinished("0af7651916cd43dd8448eb211c80319c", "run-1", "Default", "FINISHED", "trees", new Dictionary<string, string>(), new Dictionary<string, double> { ["accuracy"] = 0.91 }, [])
        {
            EventId = Guid.CreateVersion7(),
            ProjectId = id,
            Project = slug,
            Actor = "ada",
            CorrelationId = "c",
            OccurredAt = DateTimeOffset.UtcNow,
        };
        var bus = scoping.Host.Services.GetRequiredService<IBus>();
        for (var delivery = 0; delivery < 3; delivery++)
            await bus.Publish(run, context => context.MessageId = run.EventId);
        var milestone = await Answers.Until(
            async () => (await team.GetAsync($"/api/projects/{slug}/milestones").Json())["items"]![0]!,
            m => m["reached"]!.GetValue<bool>());
        milestone["progress"]![0]!["evidence"]!.GetValue<string>().ShouldBe("run-1");
    }

    private async Task<(string Slug, Guid Id)> NewProject()
    {
        var slug = "p-" + Guid.NewGuid().ToString("N")[..12];
        var project = await scoping.Above().Post("/api/projects", new { slug, name = "Fashion" }).Json(HttpStatusCode.Created);
        return (slug, project["id"]!.GetValue<Guid>());
    }
}
