using System.Net;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Portal.Tokens;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Portal;

public sealed class Sessions_of_the_console(PortalFixture fixture) : IClassFixture<PortalFixture>
{
    [Fact]
    public async Task begin_with_a_token_and_lead_where_one_wanted_to_go()
    {
        using var answer = await SignIn(fixture.AdminToken, "/projects/fashion");
        answer.Headers.Location!.ToString().ShouldBe("/projects/fashion");
        var cookie = answer.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("mll=")).ToLowerInvariant();
        cookie.ShouldContain("httponly");
        cookie.ShouldContain("samesite=strict");
        cookie.ShouldNotContain("mll_");
        var me = await Get("/api/me", CookieOf(answer)).Json();
        me["actor"]!.GetValue<string>().ShouldBe("admin");
    }

    [Theory]
    [InlineData("", "missing")]
    [InlineData("mll_nonsense", "unknown")]
    public async Task do_not_begin_without_a_good_token(string token, string error)
    {
        using var answer = await SignIn(token, "//evil.example");
        answer.Headers.Location!.ToString().ShouldBe($"/signin?error={error}&returnUrl=%2F");
        answer.Headers.TryGetValues("Set-Cookie", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task do_not_begin_from_a_form_that_is_not_ours()
    {
        using var client = fixture.Portal.As();
        using var answer = await client.PostAsync("/session", new FormUrlEncodedContent([new("token", fixture.AdminToken)]));
        answer.Headers.Location!.ToString().ShouldStartWith("/signin?error=stale");
    }

    [Fact]
    public async Task end_with_the_token()
    {
        var (token, id) = await fixture.Issue(Role.Viewer);
        var cookie = CookieOf(await SignIn(token));
        await Get("/api/me", cookie).Json();
        await fixture.Portal.As(fixture.AdminToken).DeleteAsync($"/api/tokens/{id}").Json();
        await Get("/api/me", cookie).Problem(401, "unauthenticated");
        (await SignIn(token)).Headers.Location!.ToString().ShouldStartWith("/signin?error=revoked");
    }

    [Fact]
    public async Task end_when_one_signs_out()
    {
        var cookie = CookieOf(await SignIn(fixture.AdminToken));
        using var answer = await Post("/session/end", cookie, []);
        answer.Headers.Location!.ToString().ShouldBe("/signin?signedOut=1");
        answer.Headers.GetValues("Set-Cookie").ShouldContain(c => c.StartsWith("mll=;"));
    }

    [Fact]
    public async Task outlive_a_restart()
    {
        var cookie = CookieOf(await SignIn(fixture.AdminToken));
        await using var restarted = await fixture.Start();
        using var client = restarted.As();
        client.DefaultRequestHeaders.Add("Cookie", cookie);
        await client.GetAsync("/api/me").Json();
        PortalFixture.IsPrivate(Path.Combine(fixture.Directory, "storage", "keys")).ShouldBeTrue();
    }

    [Fact]
    public async Task change_things_for_pages_of_this_origin_only()
    {
        var cookie = CookieOf(await SignIn(fixture.AdminToken));
        object Wish() => new { name = $"t{Guid.NewGuid():N}", role = "viewer" };
        var here = fixture.Portal.Address.GetLeftPart(UriPartial.Authority);
        await From(null).Post("/api/tokens", Wish()).Problem(403, "cross-origin");
        await From("http://evil.example").Post("/api/tokens", Wish()).Problem(403, "cross-origin");
        await From("http://127.0.0.1:1").Post("/api/tokens", Wish()).Problem(403, "cross-origin");
        await From("http://127.0.0.1:1").Put("/api/projects/fashion/problem", new { statement = "x" }).Problem(403, "cross-origin");
        await From(here).Post("/api/tokens", Wish()).Json(HttpStatusCode.Created);

        HttpClient From(string? origin)
        {
            var client = fixture.Portal.As();
            client.DefaultRequestHeaders.Add("Cookie", cookie);
            if (origin is not null)
                client.DefaultRequestHeaders.Add("Origin", origin);
            return client;
        }
    }

    [Fact]
    public async Task are_asked_for_by_pages_and_never_by_the_API()
    {
        using var browser = fixture.Portal.As();
        browser.DefaultRequestHeaders.Add("Accept", "text/html,*/*");
        using var page = await browser.GetAsync("/a-page?tab=2");
        page.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        page.Headers.Location!.PathAndQuery.ShouldBe("/signin?returnUrl=%2Fa-page%3Ftab%3D2");
        (await browser.GetAsync("/api/me")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);

        // From a link in a mail the strict cookie stays behind at first.
        browser.DefaultRequestHeaders.Add("Sec-Fetch-Site", "cross-site");
        (await browser.GetStringAsync("/a-page")).ShouldContain("http-equiv=\"refresh\"");
    }

    private async Task<HttpResponseMessage> SignIn(string token, string? returnUrl = null)
    {
        var answer = await Post("/session", null, [new("token", token), new("returnUrl", returnUrl ?? "")]);
        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        return answer;
    }

    private async Task<HttpResponseMessage> Post(string path, string? cookie, KeyValuePair<string, string>[] fields)
    {
        // What the page's form carries, made the way the page makes it.
        using var scope = fixture.Portal.Services.CreateScope();
        var page = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        if (cookie is not null)
        {
            page.User = new(new System.Security.Claims.ClaimsIdentity([new("token", await TokenIdOf(cookie)), new("name", "admin")], "session", "name", "role"));
        }

        var form = scope.ServiceProvider.GetRequiredService<IAntiforgery>().GetTokens(page);
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent([.. fields, new(form.FormFieldName, form.RequestToken!)]),
        };
        request.Headers.Add("Cookie", $"mll.form={form.CookieToken}{(cookie is null ? "" : "; " + cookie)}");
        request.Headers.Add("Origin", fixture.Portal.Address.GetLeftPart(UriPartial.Authority));
        return await fixture.Portal.As().SendAsync(request);
    }

    private async Task<string> TokenIdOf(string cookie)
    {
        var items = (await Get("/api/tokens", cookie).Json())["items"]!.AsArray();
        return items.Single(t => t!["name"]!.GetValue<string>() == "admin")!["id"]!.GetValue<string>();
    }

    private async Task<HttpResponseMessage> Get(string path, string cookie)
    {
        using var client = fixture.Portal.As();
        client.DefaultRequestHeaders.Add("Cookie", cookie);
        return await client.GetAsync(path);
    }

    private static string CookieOf(HttpResponseMessage answer) => answer.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("mll=")).Split(';')[0];
}
