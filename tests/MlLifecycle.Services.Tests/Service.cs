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
    private readonly string _files = Directory.CreateTempSubdirectory("mll-").FullName;

    public IAlbaHost Host { get; private set; } = null!;

    public Servers Servers => servers;

    /// <summary>The project that <see cref="As"/> speaks about unless told otherwise.</summary>
    public Guid ProjectId { get; } = Guid.CreateVersion7();

    /// <summary>Further settings of the service.</summary>
    protected virtual IEnumerable<KeyValuePair<string, string>> Settings => [];

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(servers.StartPostgresAsync(), servers.StartRabbitMqAsync());
        var name = typeof(TMarker).Assembly.GetName().Name!.Split('.')[^1].ToLowerInvariant();
        var database = await servers.NewDatabaseAsync(name);
        Host = await AlbaHost.For<TMarker>(host =>
        {
            host.UseSetting("ConnectionStrings:events", database);
            host.UseSetting("ConnectionStrings:bus", servers.Bus.ToString());
            host.UseSetting(Authorization.PublicKey, Convert.ToBase64String(Key.ExportSubjectPublicKeyInfo()));
            host.UseSetting("Storage:Path", _files);
            foreach (var (key, value) in Settings)
                host.UseSetting(key, value);
        });
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

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Host is not null)
            await Host.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }
}
