using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Shouldly;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace MlLifecycle.WebConsole;

public sealed class Signing_in(Suite suite, Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public async Task a_wrong_token_is_told_and_the_right_one_leads_to_the_page_that_was_asked_for()
    {
        var project = await Garments.Begun(suite);
        await using var visitor = await browser.Visit(suite);
        var page = visitor.Page;
        await page.GotoAsync($"{project.Pages}/timeline");
        await Expect(page).ToHaveURLAsync(new Regex("/signin\\?returnUrl="));

        await page.GetByLabel("Token").FillAsync("mll_wrong");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("No token of this suite");

        await page.GetByLabel("Token").FillAsync(suite.Token);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new Regex($"{project.Pages}/timeline$"));
        await Expect(page.Locator("h1")).ToHaveTextAsync("Timeline");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByText("You are signed out.")).ToBeVisibleAsync();
        await page.GotoAsync("/");
        await Expect(page).ToHaveURLAsync(new Regex("/signin"));
    }

    [Fact]
    public async Task a_token_is_issued_reads_its_one_project_and_ends_open_pages_when_it_is_revoked()
    {
        var (own, other) = (await Garments.Begun(suite), await Garments.Begun(suite));
        await using var admin = await browser.SignedIn(suite);
        var name = $"viewer of {own.Slug}";
        await admin.Open("/tokens");
        await admin.Page.GetByLabel("Name").FillAsync(name);
        await admin.Page.GetByLabel("Role").SelectOptionAsync("viewer");
        await admin.Page.GetByLabel("For").SelectOptionAsync(own.Slug);
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Issue" }).ClickAsync();
        var token = await admin.Page.Locator("pre").Filter(new() { HasText = "mll_" }).InnerTextAsync();

        await using var viewer = await browser.SignedIn(suite, token.Trim());
        await Expect(viewer.Page.Locator($"[data-project={own.Slug}]")).ToBeVisibleAsync();
        await Expect(viewer.Page.Locator($"[data-project={other.Slug}]")).ToHaveCountAsync(0);
        await viewer.Open(own.Pages);
        await Expect(viewer.Page.GetByText("Waive…")).ToHaveCountAsync(0);
        await viewer.Page.GotoAsync(other.Pages);
        await Expect(viewer.Page.GetByRole(AriaRole.Alert).First).ToContainTextAsync($"is for the project '{own.Slug}' only");

        await admin.Page.Locator($"[data-token='{name}']").GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await admin.Page.Locator($"[data-token='{name}']").GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await Expect(admin.Page.Locator($"[data-token='{name}']")).ToContainTextAsync("Revoked");
        await Poll.Until(
            async () =>
            {
                await viewer.Page.GotoAsync(own.Pages);
                return viewer.Page.Url.Contains("/signin", StringComparison.Ordinal) || await viewer.Page.GetByText("Sign in again").IsVisibleAsync();
            },
            ended => ended,
            TimeSpan.FromSeconds(30));
        token.ShouldStartWith("mll_");
    }

    [Fact]
    public async Task light_and_dark_follow_the_system_until_somebody_chooses()
    {
        await using var visitor = await browser.Visit(suite);
        var page = visitor.Page;
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await page.GotoAsync("/signin");
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "light");

        await page.GetByRole(AriaRole.Button, new() { Name = "Switch between light and dark" }).ClickAsync();
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await page.ReloadAsync();
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
    }
}
