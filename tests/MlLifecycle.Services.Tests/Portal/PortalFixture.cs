using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlLifecycle.Portal.Gateway;
using MlLifecycle.Scoping;
using MlLifecycle.ServiceDefaults;
using MlLifecycle.ServiceDefaults.Trust;
using MlLifecycle.TestServers;
using Xunit;

namespace MlLifecycle.Portal;

/// <summary>
/// The Portal on a real port, in front of the real Scoping service and, for the others, of services that tell what reached them; error analysis
/// is down. It is on Kestrel, not on an in-memory server: what is under test is how bytes move.
/// </summary>
public sealed class PortalFixture(Servers servers) : IAsyncLifetime
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Dictionary<string, int> _ports = RouteTable.Services.ToDictionary(name => name, _ => FreePort());
    private WebApplication _scoping = null!;
    private Echo _monitoring = null!;
    private Echo _experiments = null!;

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("mll-portal-").FullName;

    public string Database { get; private set; } = null!;

    public Instance Portal { get; private set; } = null!;

    public Echo Datasets { get; private set; } = null!;

    public Echo Lifecycle { get; private set; } = null!;

    public string AdminToken { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(servers.StartPostgresAsync(), servers.StartRabbitMqAsync());
        Database = await servers.NewDatabaseAsync("portal");
        var scoping = Builder("scoping", await servers.NewDatabaseAsync("portal_scoping"), _ports["scoping"], []);
        scoping.AddServiceDefaults("scoping").AddScoping();
        _scoping = scoping.Build();
        _scoping.UseServiceDefaults().MapScoping();
        Datasets = await StartEcho("datasets");
        Lifecycle = await StartEcho("lifecycle");
        _monitoring = await StartEcho("monitoring");
        _experiments = await StartEcho("experiments");
        await _scoping.StartAsync();
        Portal = await Start();
        AdminToken = (await File.ReadAllTextAsync(TokenFile("admin"))).Trim();
        using var admin = Portal.As(AdminToken);
        await admin.Post("/api/projects", new { slug = "fashion", name = "Fashion" }).Json(HttpStatusCode.Created);
        await admin.Post("/api/projects", new { slug = "cars", name = "Cars" }).Json(HttpStatusCode.Created);
    }

    public string TokenFile(string name) => Path.Combine(Directory, "tokens", name);

    /// <summary>One more instance of the Portal; without settings, on the same database as the first.</summary>
    public async Task<Instance> Start(params (string Key, string Value)[] settings)
    {
        var builder = Builder("portal", Database, 0, [
            ("Storage:Path", Path.Combine(Directory, "storage")),
            (PortalKey, Convert.ToBase64String(_key.ExportPkcs8PrivateKey())),
            ("Portal:AdminTokenFile", TokenFile("admin")),
            .. settings,
        ]);
        builder.AddServiceDefaults("portal").AddPortal();
        var app = builder.Build();
        app.UseServiceDefaults().MapPortal();
        app.MapGet("/a-page", () => "hello").RequireAuthorization().ExcludeFromDescription();
        await app.StartAsync();
        return new(app);
    }

    public Task<Echo> StartEcho(string service) => Echo.Start(_ports[service], Convert.ToBase64String(_key.ExportSubjectPublicKeyInfo()));

    /// <summary>A new token, issued by the admin.</summary>
    public async Task<(string Token, Guid Id)> Issue(Role role, string? project = null, DateTimeOffset? expires = null, string? name = null)
    {
        using var admin = Portal.As(AdminToken);
        var issued = await admin.Post("/api/tokens", new { name = name ?? $"t{Guid.NewGuid():N}", role = role.Name(), project, expires }).Json(HttpStatusCode.Created);
        return (issued["token"]!.GetValue<string>(), issued["id"]!.GetValue<Guid>());
    }

    /// <summary>Whether only the owner may read and write it (and, a directory, enter it).</summary>
    public static bool IsPrivate(string path) =>
        OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)) == 0;

    public async Task<string> NewDatabase(string name) => await servers.NewDatabaseAsync(name);

    public async ValueTask DisposeAsync()
    {
        await Portal.DisposeAsync();
        await _scoping.DisposeAsync();
        foreach (var echo in new[] { Datasets, Lifecycle, _monitoring, _experiments })
            await echo.DisposeAsync();
        _key.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private const string PortalKey = Passes.PrivateKey;

    private WebApplicationBuilder Builder(string service, string database, int port, (string Key, string Value)[] settings)
    {
        var all = new Dictionary<string, string>
        {
            ["ConnectionStrings:events"] = database,
            ["ConnectionStrings:bus"] = servers.Bus.ToString(),
            [ServiceDefaults.Trust.Authorization.PublicKey] = Convert.ToBase64String(_key.ExportSubjectPublicKeyInfo()),
        };
        foreach (var (name, at) in _ports)
            all[$"services:{name}:http:0"] = $"http://127.0.0.1:{at}";
        foreach (var (key, value) in settings)
            all[key] = value;
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = [.. all.Select(s => $"--{s.Key}={s.Value}")], ApplicationName = typeof(PortalFixture).Assembly.GetName().Name });
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        return builder;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>A running Portal.</summary>
public sealed class Instance(WebApplication app) : IAsyncDisposable
{
    public IServiceProvider Services => app.Services;

    public Uri Address { get; } = new(app.Urls.First());

    /// <summary>A client with a token in the header; without one, with none. It follows no redirect and keeps no cookie.</summary>
    public HttpClient As(string? token = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public IEnumerable<RouteEndpoint> Endpoints => app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }
}
