using System.Net.Http.Headers;
using System.Security.Cryptography;
using Alba;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.ServiceDefaults.Trust;
using MlLifecycle.TestServers;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(Servers))]

namespace MlLifecycle;

/// <summary>
/// One service under test as a class fixture: the real program in this process, on a database of its own, with the real broker.
/// </summary>
/// <typeparam name="TMarker">Any type of the service's assembly.</typeparam>
/// <param name="servers">The test run's PostgreSQL and RabbitMQ.</param>
public class Service<TMarker>(Servers servers) : IAsyncLifetime
    where TMarker : class
{
    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private string _database = "";
    private readonly string _files = Directory.CreateTempSubdirectory("mll-").FullName;

    public IAlbaHost Host { get; private set; } = null!;

    public Servers Servers => servers;

    /// <summary>The project that <see cref="As"/> speaks about unless told otherwise.</summary>
    public Guid ProjectId { get; } = Guid.CreateVersion7();

    /// <summary>What a service trusts the passes of <see cref="As"/> by.</summary>
    protected static string PublicKey => Convert.ToBase64String(Key.ExportSubjectPublicKeyInfo());

    /// <summary>What must be there before the service starts.</summary>
    protected virtual Task Prepare() => Task.CompletedTask;

    /// <summary>Further settings of the service.</summary>
    protected virtual IEnumerable<KeyValuePair<string, string>> Settings => [];

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(servers.StartPostgresAsync(), servers.StartRabbitMqAsync());
        var name = typeof(TMarker).Assembly.GetName().Name!.Split('.')[^1].ToLowerInvariant();
        _database = await servers.NewDatabaseAsync(name);
        await Prepare();
        Host = await Another();
    }

    /// <summary>One more instance of the service, on the same database, once it is healthy: before that its queues may not be there, and what is said to it is lost.</summary>
    public async Task<IAlbaHost> Another()
    {
        var instance = await Instance();
        using var client = instance.Server.CreateClient();
        await Answers.Until(
            async () =>
            {
                using var health = await client.GetAsync("/health");
                return (int)health.StatusCode;
            },
            status => status == 200, TimeSpan.FromMinutes(1));
        return instance;
    }

    private Task<IAlbaHost> Instance() => AlbaHost.For<TMarker>(host =>
    {
        host.UseSetting("ConnectionStrings:events", _database);
        host.UseSetting("ConnectionStrings:bus", servers.Bus.ToString());
        host.UseSetting(Authorization.PublicKey, PublicKey);
        host.UseSetting("Storage:Path", _files);
        foreach (var (key, value) in Settings)
            host.UseSetting(key, value);
    });

    /// <summary>Ends the instance and starts another one in its place.</summary>
    public async Task Restart()
    {
        await Host.DisposeAsync();
        Host = await Another();
    }

    /// <summary>A client whose requests carry the pass of a caller in this role.</summary>
    public HttpClient As(Role role = Role.Admin, string project = "fashion", Guid? projectId = null, string actor = "ada")
    {
        var client = Host.Server.CreateClient();
        var pass = new Pass(actor, role, projectId ?? ProjectId, project);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", pass.Sign(Key, DateTimeOffset.UtcNow));
        return client;
    }

    /// <summary>A client on routes above projects.</summary>
    public HttpClient Above(Role role = Role.Admin, string actor = "ada")
    {
        var client = Host.Server.CreateClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", new Pass(actor, role).Sign(Key, DateTimeOffset.UtcNow));
        return client;
    }

    /// <summary>Every route says which role it needs, or that it needs none.</summary>
    public void ShouldGuardEveryRoute()
    {
        var open = Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<RequiredRole>() is null && e.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAllowAnonymous>() is null)
            .Select(e => e.RoutePattern.RawText);
        open.ShouldBeEmpty();
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Host is not null)
            await Host.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }
}
