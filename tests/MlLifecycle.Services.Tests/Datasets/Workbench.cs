using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.ServiceDefaults.Trust;
using MlLifecycle.TestServers;
using Xunit;

namespace MlLifecycle.Datasets;

public sealed class DatasetsFixture(Servers servers) : Service<Dataset>(servers)
{
    /// <summary>Where the service keeps its objects.</summary>
    public string Storage => Host.Services.GetRequiredService<IConfiguration>()["Storage:Path"]!;

    // The test host has no limit that an upload could lift, and would say so with each one.
    protected override IEnumerable<KeyValuePair<string, string>> Settings => [new("Logging:LogLevel:Microsoft.AspNetCore.Routing.EndpointRoutingMiddleware", "Error")];

    /// <summary>The contents that are stored for good.</summary>
    public string[] Objects => Directory.GetFiles(Path.Combine(Storage, "objects"), "*", SearchOption.AllDirectories);

    /// <summary>The contents that are on their way in.</summary>
    public string[] Incoming => Directory.GetFiles(Path.Combine(Storage, "incoming"));
}

[CollectionDefinition(nameof(Datasets))]
public sealed class DatasetsCollection : ICollectionFixture<DatasetsFixture>;

/// <summary>A team with a project of its own, and its dataset.</summary>
public sealed class Workbench(DatasetsFixture service)
{
    public const string Name = "garments";

    public string Slug { get; } = "p-" + Guid.NewGuid().ToString("N")[..12];

    public Guid ProjectId { get; } = Guid.CreateVersion7();

    public string Datasets => $"/api/projects/{Slug}/datasets";

    public string Dataset => $"{Datasets}/{Name}";

    public HttpClient Team => As(Role.Contributor);

    public HttpClient As(Role role) => service.As(role, Slug, ProjectId);

    public Task<JsonNode> Register(object? label = null, object? cases = null) =>
        Team.Post(Datasets, new { name = Name, modality = "tabular", label, cases }).Json(HttpStatusCode.Created);

    public Task<JsonNode> Stage(string path, byte[] content) => Team.PutAsync($"{Dataset}/staging/{path}", new ByteArrayContent(content)).Json();

    public Task<JsonNode> Stage(string path, string content) => Stage(path, Encoding.UTF8.GetBytes(content));

    public Task<HttpResponseMessage> Put(string path, string content, params (string Name, string Value)[] headers)
    {
        var body = new ByteArrayContent(Encoding.UTF8.GetBytes(content));
        var client = Team;
        foreach (var (name, value) in headers)
            client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        return client.PutAsync($"{Dataset}/staging/{path}", body);
    }

    public Task<JsonNode> Commit(string message = "more", string? key = null)
    {
        var client = Team;
        if (key is not null)
            client.DefaultRequestHeaders.Add("Idempotency-Key", key);
        return client.Post($"{Dataset}/versions", new { message }).Json(HttpStatusCode.Created);
    }

    /// <summary>A dataset with these files as its version 1.</summary>
    public async Task<Workbench> With(params (string Path, byte[] Content)[] files)
    {
        await Register(new { column = "label" });
        foreach (var (path, content) in files)
            await Stage(path, content);
        await Commit("first");
        return this;
    }

    public Task<Workbench> With(string path, string content) => With((path, Encoding.UTF8.GetBytes(content)));

    public Task<JsonNode> Split(object ask, string version = "latest") => Team.Post($"{Dataset}/versions/{version}/splits", ask).Json(HttpStatusCode.Created);

    /// <summary>The row indices of a part of a split.</summary>
    public async Task<int[]> Rows(JsonNode split, string part)
    {
        var text = await Team.GetStringAsync($"{Dataset}/versions/{split["version"]}/splits/{split["id"]}/{part}");
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
    }

    public async Task<string[]> Staged() =>
        [.. (await Team.GetAsync($"{Dataset}/staging").Json())["items"]!.AsArray().Select(item => $"{item!["change"]} {item["path"]}")];
}
