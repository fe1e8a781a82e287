using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Shouldly;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace MlLifecycle.WebConsole;

public sealed class A_project_in_the_console(Suite suite, Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public async Task is_followed_from_the_list_to_its_drift_alert_and_back_to_the_scope()
    {
        var project = await Garments.Alarmed(suite);
        await using var visitor = await browser.SignedIn(suite);
        var page = visitor.Page;
        await visitor.Open("/");
        var card = page.Locator($"[data-project={project.Slug}]");
        await Expect(card).ToContainTextAsync("1 open alert");
        await card.GetByRole(AriaRole.Link).ClickAsync();
        await Expect(page.Locator("[data-requirement=problem]")).ToHaveAttributeAsync("data-status", "met");

        await page.GetByRole(AriaRole.Navigation, new() { Name = "Project" }).GetByText("Monitoring").ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "shop", Exact = true }).First.ClickAsync();
        var drift = page.Locator("[data-column=brightness]");
        await Expect(drift).ToContainTextAsync("Drifted");
        await Expect(drift.Locator(".threshold")).ToBeAttachedAsync();
        await drift.GetByRole(AriaRole.Link, new() { NameRegex = new Regex("dark-photos") }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new Regex($"{project.Pages}/alerts/{project.Alert}$"));

        await Expect(page.Locator("#causes [data-type=ProjectCreated]")).ToBeVisibleAsync();
        var chain = await page.Locator("#causes [data-type]").EvaluateAllAsync<string[]>("facts => facts.map(fact => fact.dataset.type)");
        chain[0].ShouldBe("AlertRaised");
        foreach (var step in new[] { "DriftDetected", "AlertRuleDefined", "ReferenceProfileSet", "DeploymentStarted", "ModelVersionRegistered", "RunFinished", "DatasetVersionCommitted", "DatasetRegistered", "ScopeChanged" })
            chain.ShouldContain(step);

        await page.GetByLabel("Note").FillAsync("Lamps replaced.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Acknowledge" }).ClickAsync();
        await Expect(page.Locator("main")).ToContainTextAsync("Acknowledged");
        await page.GetByRole(AriaRole.Button, new() { Name = "Resolve" }).ClickAsync();
        await Expect(page.Locator("main")).ToContainTextAsync("Resolved");
        await visitor.Open(project.Pages);
        await Expect(page.Locator(".sections .count")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task shows_what_changes_without_a_reload()
    {
        var project = await Garments.Begun(suite);
        await using var visitor = await browser.SignedIn(suite);
        await using var other = await browser.SignedIn(suite);
        await visitor.Open(project.Pages);
        await Expect(visitor.Page.Locator("[data-requirement=problem]")).ToHaveAttributeAsync("data-status", "missing");
        await other.Open($"{project.Pages}/timeline");
        await visitor.Page.EvaluateAsync("window.neverLeft = true");

        await project.State("Sorting by hand is slow.");
        await Expect(visitor.Page.Locator("[data-requirement=problem]")).ToHaveAttributeAsync("data-status", "met", new() { Timeout = 20_000 });
        await Expect(visitor.Page.Locator("[data-requirement=problem]")).ToContainTextAsync("Sorting by hand is slow.");
        await Expect(other.Page.Locator("[data-type=ScopeChanged]")).ToContainTextAsync("Sorting by hand is slow.", new() { Timeout = 20_000 });
        (await visitor.Page.EvaluateAsync<bool>("window.neverLeft")).ShouldBeTrue();

        await visitor.Page.GetByRole(AriaRole.Navigation, new() { Name = "Project" }).GetByText("Runs").ClickAsync();
        await Expect(visitor.Page.GetByText("No run yet")).ToBeVisibleAsync();
        await project.FinishRun("overnight", 0.7);
        await Expect(visitor.Page.Locator("[data-run=overnight]")).ToContainTextAsync("0.7", new() { Timeout = 20_000 });
        (await visitor.Page.EvaluateAsync<bool>("window.neverLeft")).ShouldBeTrue();
    }

    [Fact]
    public async Task is_seen_as_it_stood_at_an_earlier_moment()
    {
        var project = await Garments.Begun(suite);
        await Poll.Until(() => project.Get($"{project.Api}/timeline"), found => found["items"]!.AsArray().Count > 0, TimeSpan.FromSeconds(30));
        var before = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1);
        await Poll.Until(() => Task.FromResult(DateTimeOffset.UtcNow), now => now > before, TimeSpan.FromSeconds(5));
        await project.State("Sorting by hand is slow.");
        await using var visitor = await browser.SignedIn(suite, width: 390);
        await visitor.Open(project.Pages);
        await Expect(visitor.Page.Locator("[data-requirement=problem]")).ToHaveAttributeAsync("data-status", "met", new() { Timeout = 20_000 });

        await visitor.Page.GetByText("As of now").ClickAsync();
        await visitor.Page.GetByLabel("As of (UTC)").FillAsync(before.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture));
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Look back" }).ClickAsync();
        await Expect(visitor.Page.Locator(".then")).ToContainTextAsync("as it stood on");
        await Expect(visitor.Page.Locator("[data-requirement=problem]")).ToHaveAttributeAsync("data-status", "missing");

        await visitor.Page.GetByText("Back to now").ClickAsync();
        await Expect(visitor.Page.Locator("[data-requirement=problem]")).ToHaveAttributeAsync("data-status", "met", new() { Timeout = 20_000 });
    }

    [Fact]
    public async Task has_its_requirements_waived_with_a_reason_and_its_tags_judged_in_place()
    {
        var project = await Garments.Alarmed(suite);
        await using var visitor = await browser.SignedIn(suite);
        var page = visitor.Page;
        await visitor.Open(project.Pages);
        var milestone = page.Locator("[data-requirement=milestone]");
        await milestone.GetByRole(AriaRole.Button, new() { Name = "Waive…" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Reason").FillAsync("The pilot has no date yet.");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Waive", Exact = true }).ClickAsync();
        await Expect(milestone).ToHaveAttributeAsync("data-status", "waived");
        await Expect(milestone).ToContainTextAsync("The pilot has no date yet.");

        await visitor.Open($"{project.Pages}/evaluations/{project.Evaluation}");
        await page.GetByLabel("Human level on label=Coat").FillAsync("95");
        await page.GetByLabel("Human level on label=Coat").PressAsync("Enter");
        await page.GetByLabel("Priority of label=Coat").SelectOptionAsync("high");
        await Poll.Until(
            async () => (await project.Get($"{project.Api}/evaluations/{project.Evaluation}/tags"))["items"]!.AsArray().Single(row => row!["tag"]!.GetValue<string>() == "label=Coat")!,
            row => row["humanLevel"]?.GetValue<double>() == 0.95 && row["priority"]?.GetValue<string>() == "high",
            TimeSpan.FromSeconds(20));
        await Expect(page.Locator("[data-tag='label=Coat']")).ToContainTextAsync("done");
    }
}
