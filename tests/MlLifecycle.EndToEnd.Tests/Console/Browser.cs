using System.Collections.Concurrent;
using Microsoft.Playwright;
using Xunit;

namespace MlLifecycle.WebConsole;

/// <summary>Debian's Chromium without a window, one for a class of tests.</summary>
public sealed class Browser : IAsyncLifetime
{
    private IPlaywright _playwright = null!;
    private IBrowser _chromium = null!;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _chromium = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        });
    }

    /// <summary>Somebody's browser, without a session.</summary>
    /// <param name="suite">The suite it looks at.</param>
    /// <param name="width">The window's width in pixels.</param>
    public async Task<Visitor> Visit(Suite suite, int width = 1400)
    {
        await suite.Started();
        var context = await _chromium.NewContextAsync(new() { BaseURL = suite.Address.ToString(), ViewportSize = new() { Width = width, Height = 900 } });
        context.SetDefaultTimeout(20_000);
        return new(context, await context.NewPageAsync());
    }

    /// <summary>Somebody's browser, signed in.</summary>
    public async Task<Visitor> SignedIn(Suite suite, string? token = null, int width = 1400)
    {
        var visitor = await Visit(suite, width);
        await visitor.SignIn(token ?? suite.Token);
        return visitor;
    }

    public async ValueTask DisposeAsync()
    {
        await _chromium.DisposeAsync();
        _playwright.Dispose();
    }
}

/// <summary>Somebody who looks at the console, and what their browser notes meanwhile.</summary>
public sealed class Visitor : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    public Visitor(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Request += (_, request) => Requests.Add(request.Url);
        page.WebSocket += (_, socket) => Requests.Add(socket.Url);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                Errors.Add(message.Text);
        };
        page.PageError += (_, error) => Errors.Add(error);
    }

    public IPage Page { get; }

    /// <summary>Every address that was asked for.</summary>
    public ConcurrentBag<string> Requests { get; } = [];

    /// <summary>What scripts, and the content security policy, complained of.</summary>
    public ConcurrentBag<string> Errors { get; } = [];

    public async Task SignIn(string token)
    {
        await Page.GotoAsync("/signin");
        await Page.GetByLabel("Token", new() { Exact = true }).FillAsync(token);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Page.Locator(".topbar").WaitForAsync();
    }

    /// <summary>Opens a page and waits until it has read what it shows.</summary>
    public async Task Open(string path)
    {
        await Page.GotoAsync(path);
        await Ready();
    }

    public async Task Ready()
    {
        await Page.Locator("main h1").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await Assertions.Expect(Page.Locator(".loading")).ToHaveCountAsync(0, new() { Timeout = 20_000 });
        await Assertions.Expect(Page.Locator(".problem")).ToHaveCountAsync(0);
    }

    public ValueTask DisposeAsync() => _context.DisposeAsync();
}
