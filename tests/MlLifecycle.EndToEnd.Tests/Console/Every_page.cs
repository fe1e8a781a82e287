using Shouldly;
using Xunit;

namespace MlLifecycle.WebConsole;

/// <summary>What holds for each page of a project that has everything.</summary>
public sealed class Every_page(Suite suite, Browser browser) : IClassFixture<Browser>
{
    private const int Phone = 390;

    // In a browser: what a person who cannot see the page would not learn of its controls and pictures.
    private const string Unnamed =
        """
        () => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a[href], img, svg[role=img], summary, [role=img]')]
          .filter(e => !(e.getAttribute('aria-label') || e.labels?.length && [...e.labels].some(l => l.textContent.trim()) || e.textContent.trim() || e.hasAttribute('alt') || e.title))
          .map(e => e.outerHTML.slice(0, 160))
        """;

    [Fact]
    public async Task loads_from_the_portal_alone_fits_a_phone_names_its_controls_and_breaks_no_rule_of_the_browser()
    {
        var project = await Garments.Alarmed(suite);
        var event_ = (await project.Get($"{project.Api}/timeline?type=AlertRaised"))["items"]![0]!["id"]!.GetValue<string>();
        await using var desk = await browser.SignedIn(suite);
        await using var phone = await browser.SignedIn(suite, width: Phone);
        string[] paths =
        [
            "/", "/tokens", project.Pages, .. new[]
            {
                "timeline", $"timeline/{event_}", "scope", "data", "data/photos?version=1", "runs", $"runs?compare={project.Run}", $"runs/{project.Run}", $"runs/compare?runs={project.Run}", $"runs/{project.Run}/artifacts", "models", "models/garments", "evaluations",
                $"evaluations/{project.Evaluation}", "monitoring", "monitoring/shop", "alerts", $"alerts/{project.Alert}",
            }.Select(rest => $"{project.Pages}/{rest}"),
        ];
        foreach (var path in paths)
        {
            await desk.Open(path);
            (await desk.Page.EvaluateAsync<string[]>(Unnamed)).ShouldBeEmpty(path);
            (await desk.Page.Locator("h1").CountAsync()).ShouldBe(1, path);
            (await desk.Page.TitleAsync()).ShouldNotBeNullOrWhiteSpace(path);
            await phone.Open(path);
            (await phone.Page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(Phone, path);
        }

        foreach (var visitor in new[] { desk, phone })
        {
            visitor.Requests.Select(url => new Uri(url)).Where(url => url.Scheme is not ("data" or "blob") && url.Authority != suite.Address.Authority).ShouldBeEmpty();
            visitor.Errors.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task of_a_project_without_anything_says_what_to_do_next()
    {
        var project = await Garments.Begun(suite);
        await using var visitor = await browser.SignedIn(suite, width: Phone);
        foreach (var section in new[] { "scope", "data", "runs", "models", "evaluations", "monitoring" })
        {
            await visitor.Open($"{project.Pages}/{section}");
            (await visitor.Page.Locator("main [data-copy]").CountAsync()).ShouldBeGreaterThan(0, section);
            (await visitor.Page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(Phone, section);
        }
    }

    [Fact]
    public async Task of_what_is_not_there_states_the_problem()
    {
        var project = await Garments.Begun(suite);
        await using var visitor = await browser.SignedIn(suite);
        foreach (var (path, problem) in new[]
        {
            ("/projects/no-such-project", "There is no project 'no-such-project'."),
            ($"{project.Pages}/data/nothing", "dataset-unknown"),
            ($"{project.Pages}/runs/nothing", "run-unknown"),
            ($"{project.Pages}/evaluations/nothing", "evaluation-unknown"),
            ($"{project.Pages}/monitoring/nothing", "deployment-unknown"),
            ($"{project.Pages}/alerts/{Guid.NewGuid()}", "alert-unknown"),
            ($"{project.Pages}?at=2001-01-01T00:00:00Z", "project-unknown"),
        })
        {
            await visitor.Page.GotoAsync(path);
            await Microsoft.Playwright.Assertions.Expect(visitor.Page.Locator(".problem").First).ToContainTextAsync(problem, new() { Timeout = 20_000 });
        }
    }
}
