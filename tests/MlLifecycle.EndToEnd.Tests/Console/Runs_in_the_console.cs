using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Shouldly;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace MlLifecycle.WebConsole;

public sealed class Runs_in_the_console(Suite suite, Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public async Task are_filtered_sorted_and_given_columns_that_the_address_remembers()
    {
        var project = await Garments.Begun(suite);
        foreach (var (name, accuracy) in new[] { ("low", 0.6), ("high", 0.9), ("middle", 0.7) })
            await project.FinishRun(name, accuracy);
        await using var visitor = await browser.SignedIn(suite);
        var page = visitor.Page;
        await visitor.Open($"{project.Pages}/runs");
        await Expect(page.Locator("[data-run]")).ToHaveCountAsync(3);

        await page.GetByRole(AriaRole.Button, new() { Name = "accuracy" }).ClickAsync();
        await Expect(page.Locator("th[aria-sort=descending]")).ToContainTextAsync("accuracy");
        await Expect(page.Locator("[data-run]").First).ToHaveAttributeAsync("data-run", "high");

        // The key is completed from what the runs report, by keyboard alone.
        await page.GetByLabel("Filter", new() { Exact = true }).FillAsync("");
        await page.Keyboard.TypeAsync("accu");
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(page.GetByRole(AriaRole.Option, new() { Name = "metrics.accuracy" })).ToHaveAttributeAsync("aria-selected", "true");
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.TypeAsync("> 0.65");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("[data-run]")).ToHaveCountAsync(2);

        await page.GetByText("Columns").ClickAsync();
        await page.GetByRole(AriaRole.Group, new() { Name = "Columns" }).GetByLabel("algorithm").First.UncheckAsync();
        await Expect(page.Locator("thead").GetByText("algorithm")).ToHaveCountAsync(0);
        await page.ReloadAsync();
        await Expect(page.Locator("[data-run]")).ToHaveCountAsync(2);
        await Expect(page.Locator("[data-run]").First).ToHaveAttributeAsync("data-run", "high");
        await Expect(page.Locator("thead").GetByText("depth")).ToBeVisibleAsync();
        await Expect(page.Locator("thead").GetByText("algorithm")).ToHaveCountAsync(0);

        await page.GetByLabel("Filter", new() { Exact = true }).FillAsync("metrics.accuracy >> 1");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#filter-says")).ToContainTextAsync("Invalid comparator '>>'");
        await Expect(page.Locator("#filter")).ToHaveValueAsync("metrics.accuracy >> 1");
    }

    [Fact]
    public async Task are_where_MLflows_client_says_they_are()
    {
        var project = await Garments.Begun(suite);
        var run = await project.FinishRun("printed", 0.6);
        await using var visitor = await browser.SignedIn(suite);
        await visitor.Page.GotoAsync($"/mlflow/{project.Slug}/#/experiments/0/runs/{run}");
        await Expect(visitor.Page).ToHaveURLAsync(new Regex($"{project.Pages}/runs/{run}$"));
        await visitor.Page.GotoAsync($"/mlflow/{project.Slug}/#/experiments/0");
        await Expect(visitor.Page).ToHaveURLAsync(new Regex($"{project.Pages}/runs\\?experiment=0$"));
        await Expect(visitor.Page.Locator("[data-run=printed]")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task are_drawn_only_where_one_looks()
    {
        const int Count = 400;
        var project = await Garments.Begun(suite);
        await Parallel.ForEachAsync(Enumerable.Range(0, Count), async (i, _) => await project.Post(
            $"/mlflow/{project.Slug}/api/2.0/mlflow/runs/create", new { experiment_id = "0", run_name = $"trial-{i:000}", start_time = 1_700_000_000_000 + i }));
        await using var visitor = await browser.SignedIn(suite);
        var page = visitor.Page;
        await visitor.Open($"{project.Pages}/runs");
        await Expect(page.GetByText("400 runs")).ToBeVisibleAsync();
        await Expect(page.Locator("[data-run=trial-399]")).ToBeVisibleAsync();
        (await page.Locator("[data-run]").CountAsync()).ShouldBeLessThan(Count / 2);
        await page.EvaluateAsync("document.querySelector('#runs').scrollTop = 1e6");
        await Expect(page.Locator("[data-run=trial-000]")).ToBeVisibleAsync();
        (await page.Locator("[data-run]").CountAsync()).ShouldBeLessThan(Count / 2);
    }

    [Fact]
    public async Task are_compared_by_their_curves_their_parameters_and_what_came_out()
    {
        var project = await Garments.Begun(suite);
        var (low, high) = (await project.FinishRun("low", 0.6), await project.FinishRun("high", 0.9));
        await project.Post($"/mlflow/{project.Slug}/api/2.0/mlflow/runs/log-batch", new { run_id = low, @params = new[] { new { key = "rate", value = "0.1" } } });
        await project.Post($"/mlflow/{project.Slug}/api/2.0/mlflow/runs/log-batch", new { run_id = high, @params = new[] { new { key = "rate", value = "0.01" } } });
        await using var visitor = await browser.SignedIn(suite);
        var page = visitor.Page;
        await visitor.Open($"{project.Pages}/runs");
        await page.GetByLabel("Compare run low").CheckAsync();
        await page.GetByLabel("Compare run high").CheckAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Compare 2" }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new Regex("/runs/compare\\?runs="));
        await visitor.Ready();

        await Expect(page.Locator("#curves path.line")).ToHaveCountAsync(2);
        await Expect(page.Locator("#differences [data-row='params.rate']")).ToContainTextAsync("0.01");
        await Expect(page.Locator("#differences [data-row='params.depth']")).ToHaveCountAsync(0);
        await Expect(page.Locator("#parallel a[href]")).ToHaveCountAsync(2);
        await Expect(page.Locator("#scatter a.point")).ToHaveCountAsync(2);

        await page.GetByLabel("Log scale").CheckAsync();
        await page.GetByLabel("Smoothing").FillAsync("0.5");
        await Expect(page.Locator("#curves path.line.behind")).ToHaveCountAsync(2);
        await Expect(page).ToHaveURLAsync(new Regex("smooth=0.5"));
        await page.ReloadAsync();
        await Expect(page.Locator("#curves path.line.behind")).ToHaveCountAsync(2);
        await Expect(page.GetByLabel("Log scale")).ToBeCheckedAsync();
    }

    [Fact]
    public async Task grow_their_curves_while_they_go_on()
    {
        var project = await Garments.Begun(suite);
        var mlflow = $"/mlflow/{project.Slug}/api/2.0/mlflow";
        var run = (await project.Post($"{mlflow}/runs/create", new { experiment_id = "0", run_name = "long", start_time = 1_700_000_000_000 }))["run"]!["info"]!["run_id"]!.GetValue<string>();
        await Learn(0, 3);
        await using var visitor = await browser.SignedIn(suite);
        var page = visitor.Page;
        await visitor.Open($"{project.Pages}/runs/{run}");
        var curve = page.Locator("[data-curve=loss] path.line");
        var before = await curve.GetAttributeAsync("d");
        before.ShouldNotBeNullOrEmpty();
        await Learn(3, 6);
        await Expect(curve).Not.ToHaveAttributeAsync("d", before, new() { Timeout = 15_000 });
        await Expect(page.Locator("main")).ToContainTextAsync("Running");
        await project.Post($"{mlflow}/runs/update", new { run_id = run, status = "FINISHED", end_time = 1_700_000_060_000 });
        await Expect(page.Locator("main")).Not.ToContainTextAsync("Running", new() { Timeout = 15_000 });

        Task Learn(int from, int to) => project.Post($"{mlflow}/runs/log-batch", new
        {
            run_id = run,
            metrics = Enumerable.Range(from, to - from).Select(step => new { key = "loss", value = 1.0 / (1 + step), step, timestamp = 1_700_000_000_000 + step }),
        });
    }

    [Fact]
    public async Task show_their_artifacts()
    {
        var project = await Garments.Begun(suite);
        var run = await project.FinishRun("first", 0.6);
        using var client = suite.Client();
        foreach (var (path, content) in new[]
        {
            ("tables/errors.csv", "id,note\n1,\"torn, badly\"\n"), ("README.md", "# How it was made\n"), ("plots/shape.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20'/>"),
        })
        {
            using var put = await client.PutAsync($"/mlflow/{project.Slug}/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/{path}", new StringContent(content));
            put.EnsureSuccessStatusCode();
        }

        await using var visitor = await browser.SignedIn(suite);
        var page = visitor.Page;
        await visitor.Open($"{project.Pages}/runs/{run}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Artifacts" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "README.md" }).ClickAsync();
        await Expect(page.Locator("pre.preview")).ToContainTextAsync("# How it was made");
        await page.GetByRole(AriaRole.Button, new() { Name = "tables" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "errors.csv" }).ClickAsync();
        await Expect(page.Locator("td").GetByText("torn, badly")).ToBeVisibleAsync();
        await Expect(page).ToHaveURLAsync(new Regex("path=tables%2Ferrors.csv"));

        await visitor.Open($"{project.Pages}/runs/{run}/artifacts?path=plots/shape.svg");
        await Expect(page.Locator("img.preview")).ToHaveJSPropertyAsync("naturalWidth", 30);
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Download" }).ClickAsync());
        download.SuggestedFilename.ShouldBe("shape.svg");
    }

    [Fact]
    public async Task have_models_whose_history_says_who_did_what()
    {
        var project = await Garments.Begun(suite);
        var run = await project.FinishRun("first", 0.6);
        var mlflow = $"/mlflow/{project.Slug}/api/2.0/mlflow";
        await project.Post($"{mlflow}/registered-models/create", new { name = "sorter" });
        foreach (var _ in new[] { 1, 2 })
            await project.Post($"{mlflow}/model-versions/create", new { name = "sorter", source = $"runs:/{run}/model", run_id = run });
        await project.Post($"{mlflow}/model-versions/transition-stage", new { name = "sorter", version = "1", stage = "Production" });
        await project.Post($"{mlflow}/registered-models/alias", new { name = "sorter", alias = "champion", version = "1" });
        await project.Post($"{mlflow}/registered-models/alias", new { name = "sorter", alias = "champion", version = "2" });
        await using var visitor = await browser.SignedIn(suite);
        var page = visitor.Page;
        await visitor.Open($"{project.Pages}/models");
        await page.GetByRole(AriaRole.Link, new() { Name = "Who moved what, and when" }).ClickAsync();
        await Expect(page.Locator("[data-version='2']")).ToContainTextAsync("champion");
        await Expect(page.Locator("[data-version='1']")).ToContainTextAsync("Production");
        var newest = page.Locator("#history [data-what]").First;
        await Expect(newest).ToContainTextAsync("Version 2 became champion, instead of version 1");
        await Expect(newest).ToContainTextAsync("admin");

        // The moment before the alias went over.
        await page.Locator("#history [data-what=alias-set]").Nth(1).GetByRole(AriaRole.Link, new() { Name = "As it stood then" }).ClickAsync();
        await Expect(page.Locator(".then")).ToContainTextAsync("as it stood on");
        await Expect(page.Locator("[data-version='1']")).ToContainTextAsync("champion");
        await Expect(page.Locator("[data-version='2']")).Not.ToContainTextAsync("champion");
    }
}
