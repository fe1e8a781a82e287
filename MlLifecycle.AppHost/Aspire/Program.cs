using Aspire.Hosting.ApplicationModel;
using MlLifecycle.AppHost;
using MlLifecycle.AppHost.Aspire;

var builder = DistributedApplication.CreateBuilder(args);

// One environment per publication: Docker Compose unless Kubernetes is asked for (--Target=kubernetes).
if (string.Equals(builder.Configuration["Target"], "kubernetes", StringComparison.OrdinalIgnoreCase))
    builder.AddKubernetesEnvironment("kubernetes").WithHelm(helm => helm.WithChartVersion("0.1.0")).WithDashboard(false);
else
    builder.AddDockerComposeEnvironment("compose");

// ECDSA on P-256, base64: docs/operating.md shows the two commands that make them.
var privateKey = builder.AddParameter("pass-private-key", secret: true);
var publicKey = builder.AddParameter("pass-public-key");

var postgres = builder.AddPostgres(Topology.Postgres, password: builder.AddParameter("postgres-password", secret: true)).WithDataVolume();
var bus = builder.AddRabbitMQ(Topology.Bus, password: builder.AddParameter("bus-password", secret: true)).WithManagementPlugin().WithDataVolume();

var services = new Dictionary<string, IResourceBuilder<ProjectResource>>();
foreach (var part in Topology.Services)
{
    var database = postgres.AddDatabase($"{part.Name}db", part.Name);
    var service = builder.AddProject(part.Name, $"../src/{part.Project}/{part.Project}.csproj")
        .WithHttpEndpoint()
        // A probe is a health check of the Aspire dashboard, too. The Portal's /health is that of the whole suite, so that it is ready while it is alive.
        .WithHttpProbe(ProbeType.Readiness, part.IsFrontDoor ? "/alive" : "/health")
        .WithReference(database, connectionName: "events").WaitFor(database)
        .WithReference(bus).WaitFor(bus)
        .WithEnvironment(Settings.PublicKey, publicKey);
    if (part.KeepsFiles)
        service.WithVolume($"{part.Name}-files", "/home/app", Settings.Storage); // of the account that .NET's images run as, so that it may write there
    if (part.IsSilo)
        service.WithReference(builder.AddOrleans(part.Name + "-cluster").WithClusterId("mllifecycle").WithServiceId(part.Name).WithClustering(new AdoNetClustering()));
    if (part.IsFrontDoor)
        service.WithExternalHttpEndpoints().WithEnvironment(Settings.PrivateKey, privateKey);
    services[part.Name] = service;
}

foreach (var part in Topology.Services)
{
    foreach (var called in part.Calls)
        services[part.Name].WithReference(services[called]);
}

await builder.Build().RunAsync();
