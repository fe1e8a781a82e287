using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Contracts;
using MlLifecycle.Portal.Access;
using MlLifecycle.Portal.Tokens;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Portal.Suite;

public sealed class The_suite_from_inside(PortalFixture fixture) : IClassFixture<PortalFixture>
{
    private sealed record Line(string Slug, string Name);

    [Fact]
    public async Task shows_the_signed_in_person_what_they_may_see()
    {
        var (_, id) = await fixture.Issue(Role.Viewer, "cars");
        var cars = Client(id);
        (await cars.Me())!.Project.ShouldBe("cars");
        (await cars.Get<Page<Line>>("/api/projects")).Value!.Items.ShouldBe([new("cars", "Cars")]);
        (await cars.Get<Line>("/api/projects/cars")).Value.ShouldBe(new("cars", "Cars"));
        (await cars.Get<Line>("/api/projects/cars")).ETag.ShouldNotBeNull();
        (await cars.Get<Line>("/api/projects/fashion")).Problem!.Code.ShouldBe("other-project");
        (await cars.Get<Page<JsonElement>>("/api/lifecycles")).Value!.Items.Count.ShouldBe(1);
        (await cars.Put<Line>("/api/projects/cars/problem", new { statement = "x" })).Problem!.Status.ShouldBe(403);
    }

    [Fact]
    public async Task turns_every_trouble_into_an_answer()
    {
        var (_, id) = await fixture.Issue(Role.Maintainer);
        var suite = Client(id);
        var down = (await suite.Get<JsonElement>("/api/projects/cars/evaluations")).Problem!;
        (down.Status, down.Code).ShouldBe((503, "service-unavailable"));
        (await suite.Get<JsonElement>("/api/projects/no-such/datasets")).Problem!.Code.ShouldBe("project-unknown");
        (await suite.Get<JsonElement>("/api/nothing")).Problem!.Code.ShouldBe("no-such-route");
        var invalid = (await suite.Post<JsonElement>("/api/projects", new { slug = "A b", name = "x" })).Problem!;
        (invalid.Status, invalid.Errors!.Keys.Single()).ShouldBe((400, "slug"));
        (await Client(Guid.NewGuid()).Get<JsonElement>("/api/projects")).Problem!.Status.ShouldBe(401);
        (await Client(Guid.NewGuid()).Me()).ShouldBeNull();
    }

    [Fact]
    public async Task issues_and_revokes_tokens()
    {
        var (_, id) = await fixture.Issue(Role.Maintainer, "fashion");
        var suite = Client(id);
        var issued = (await suite.IssueToken(new($"t{Guid.NewGuid():N}", "viewer", "fashion"))).Value!;
        await fixture.Portal.As(issued.Token).GetAsync("/api/projects/fashion").Json();
        (await suite.Tokens()).Value!.Items.ShouldContain(t => t.Id == issued.Id && t.Status == "active");
        (await suite.RevokeToken(issued.Id)).Value!.Status.ShouldBe("revoked");
        await fixture.Portal.As(issued.Token).GetAsync("/api/projects/fashion").Problem(401, "unauthenticated");
        (await suite.IssueToken(new("x", "viewer", "cars"))).Problem!.Code.ShouldBe("beyond-own-project");
    }

    [Fact]
    public async Task hears_what_happens_where_it_may()
    {
        var (_, cars) = await fixture.Issue(Role.Viewer, "cars");
        var (_, suiteWide) = await fixture.Issue(Role.Viewer);
        var (ofCars, all) = (new ConcurrentQueue<IntegrationEvent>(), new ConcurrentQueue<IntegrationEvent>());
        using var first = Client(cars).Live(null, fact => Keep(ofCars, fact));
        // The other tests' services announce on the same broker.
        using var second = Client(suiteWide).Live(null, fact => fact.Project is "fashion" or "cars" && fact.Actor == "admin" ? Keep(all, fact) : Task.CompletedTask);
        var gone = Client(suiteWide).Live(null, _ => throw new InvalidOperationException("a page that is closing"));
        using var admin = fixture.Portal.As(fixture.AdminToken);
        await admin.Post("/api/projects/fashion/solutions", new { name = "rules" }).Json(HttpStatusCode.Created);
        await admin.Post("/api/projects/cars/solutions", new { name = "net" }).Json(HttpStatusCode.Created);
        await Answers.Until(() => Task.FromResult(all.OfType<ScopeChanged>().Count()), count => count >= 2);
        all.OfType<ScopeChanged>().Select(fact => (fact.Project, fact.Name)).ShouldBe([("fashion", "rules"), ("cars", "net")], ignoreOrder: true);
        all.ShouldAllBe(fact => fact.EventId != Guid.Empty);
        await Answers.Until(() => Task.FromResult(ofCars.OfType<ScopeChanged>().Count()), count => count >= 1);
        ofCars.OfType<ScopeChanged>().Select(fact => fact.Name).ShouldBe(["net"]);
        gone.Dispose();

        static Task Keep(ConcurrentQueue<IntegrationEvent> heard, IntegrationEvent fact)
        {
            heard.Enqueue(fact);
            return Task.CompletedTask;
        }
    }

    private SuiteClient Client(Guid tokenId)
    {
        var holder = new Holder(tokenId, "someone", Role.Viewer, null, null, null);
        return ActivatorUtilities.CreateInstance<SuiteClient>(fixture.Portal.Services, new SignedIn(holder));
    }

    private sealed class SignedIn(Holder holder) : AuthenticationStateProvider
    {
        public override Task<AuthenticationState> GetAuthenticationStateAsync() => Task.FromResult(new AuthenticationState(Identities.Of(holder, Session.SchemeName)));
    }
}
