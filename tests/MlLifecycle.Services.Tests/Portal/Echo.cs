using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlLifecycle.ServiceDefaults;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal;

/// <summary>A service that tells what reached it: it trusts passes as every service does, and streams what it is told to.</summary>
public sealed class Echo : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Echo(WebApplication app) => _app = app;

    /// <summary>Completes when the first bytes of an upload have arrived.</summary>
    public TaskCompletionSource FirstBytes { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when an upload has ended before its announced length, with the number of bytes that came.</summary>
    public TaskCompletionSource<long> BrokenOff { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Holds a download back after its first bytes until it is completed.</summary>
    public TaskCompletionSource GoOn { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<Echo> Start(int port, string publicKey)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = [$"--{Authorization.PublicKey}={publicKey}"], ApplicationName = typeof(Echo).Assembly.GetName().Name });
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.AddServiceDefaults("datasets");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var app = builder.Build();
        app.UseServiceDefaults();
        var echo = new Echo(app);
        app.MapGet("/api/projects/{project}/datasets/stream/{size:long}", echo.Stream).Requires(Role.Viewer);
        app.MapGet("/api/projects/{project}/runs/page", () => Results.Content("<script>alert(1)</script>", "text/html")).Requires(Role.Viewer);
        app.MapMethods("/api/projects/{project}/{**rest}", ["GET", "POST", "PUT", "DELETE"], echo.Tell).Requires(Role.Viewer);
        foreach (var open in (string[])["/mlflow/{project}/health", "/mlflow/{project}/version", "/version"])
            app.MapGet(open, (HttpContext http) => new { target = http.Features.Get<IHttpRequestFeature>()!.RawTarget, headers = http.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()) }).AllowAnonymous();
        app.MapMethods("/mlflow/{project}/{**rest}", ["GET", "POST", "PUT", "DELETE"], echo.Tell).Requires(Role.Viewer);
        app.MapGet("/api/lifecycles", (Caller caller) => Results.Ok(new { items = new[] { new { project = "fashion", stage = "data" }, new { project = "cars", stage = "scoping" } }, next = (string?)null }))
            .Requires(Role.Viewer);
        await app.StartAsync();
        return echo;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task<IResult> Tell(HttpContext http, Caller caller)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[64 * 1024];
        var bytes = 0L;
        try
        {
            for (int read; (read = await http.Request.Body.ReadAsync(buffer)) > 0; bytes += read)
            {
                hash.AppendData(buffer, 0, read);
                FirstBytes.TrySetResult();
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException)
        {
            BrokenOff.TrySetResult(bytes);
            throw;
        }

        FirstBytes = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return Results.Ok(new
        {
            method = http.Request.Method,
            target = http.Features.Get<IHttpRequestFeature>()!.RawTarget,
            rest = http.Request.RouteValues["rest"],
            headers = http.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()),
            bytes,
            sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()),
            caller = new { caller.Actor, Role = caller.Role.Name(), caller.Project, caller.ProjectId },
        });
    }

    private async Task Stream(HttpContext http, long size)
    {
        http.Response.ContentLength = size;
        var chunk = new byte[64 * 1024];
        for (var left = size; left > 0;)
        {
            var next = (int)Math.Min(chunk.Length, left);
            await http.Response.Body.WriteAsync(chunk.AsMemory(0, next));
            await http.Response.Body.FlushAsync();
            left -= next;
            await GoOn.Task;
        }

        GoOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
