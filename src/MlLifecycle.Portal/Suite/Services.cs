using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using MlLifecycle.Portal.Access;
using MlLifecycle.Portal.Gateway;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Suite;

/// <summary>The services, asked on a holder's behalf from inside the Portal: the same paths, roles and passes as through the gateway.</summary>
public sealed class Services(ServiceHttp http, ProjectDirectory projects, Passes passes, IOptions<JsonOptions> json)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Sends a request for a path of the API.</summary>
    /// <returns>The service's response, or the Portal's refusal to ask.</returns>
    /// <exception cref="ServiceDownException">A service does not answer.</exception>
    public async Task<(HttpResponseMessage? Response, Refusal? Refusal)> Send(Holder holder, HttpRequestMessage request, CancellationToken ct)
    {
        var path = request.RequestUri!.OriginalString.Split('?')[0];
        if (RouteTable.Find(request.Method.Method, path) is not ({ } route, var project))
            return (null, new(404, "no-such-route", $"There is no {path} in the API."));
        var role = project is null ? holder.AcrossSuite : holder.On(project);
        if (role is null)
            return (null, new(403, "other-project", $"The token '{holder.Name}' is for the project '{holder.Project}' only."));
        Guid? id = null;
        if (project is not null && (id = project == holder.Project ? holder.ProjectId : await projects.Find(project, ct)) is null)
            return (null, new(404, "project-unknown", $"There is no project '{project}'."));
        return (await Pass(route.Service, new Pass(holder.Name, role.Value, id, project), request, ct), null);
    }

    /// <summary>GET /api/projects: those the holder may see.</summary>
    public async Task<HttpResponseMessage> Projects(Holder holder, string query, CancellationToken ct)
    {
        if (holder.Project is not { } own)
            return await Get("scoping", "/api/projects" + query, Above(holder), ct);
        using var response = await Get("scoping", $"/api/projects/{own}", new Pass(holder.Name, holder.Role, holder.ProjectId, own), ct);
        response.EnsureSuccessStatusCode();
        var project = (await response.Content.ReadFromJsonAsync<JsonObject>(ct))!;
        return Json(new Page<JsonObject>([new(Fields(project, "id", "slug", "name", "description", "createdAt"))], null));
    }

    /// <summary>GET /api/lifecycles: those the holder may see.</summary>
    public async Task<HttpResponseMessage> Lifecycles(Holder holder, string query, CancellationToken ct)
    {
        if (holder.Project is not { } own)
            return await Get("lifecycle", "/api/lifecycles" + query, Above(holder), ct);
        for (string? after = null; ;)
        {
            using var response = await Get("lifecycle", "/api/lifecycles?limit=1000" + (after is null ? "" : $"&after={Uri.EscapeDataString(after)}"), Above(holder), ct);
            response.EnsureSuccessStatusCode();
            var page = (await response.Content.ReadFromJsonAsync<JsonObject>(ct))!;
            var mine = page["items"]!.AsArray().FirstOrDefault(line => (string?)line!["project"] == own);
            after = (string?)page["next"];
            if (mine is not null || after is null)
                return Json(new Page<JsonNode>(mine is null ? [] : [mine.DeepClone()], null));
        }
    }

    // Lists above projects are read for what the holder may see of them: a reader's pass is enough.
    private static Pass Above(Holder holder) => new(holder.Name, Role.Viewer);

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Fields(JsonObject from, params string[] names) =>
        names.Select(name => KeyValuePair.Create(name, from[name]?.DeepClone()));

    private HttpResponseMessage Json<T>(Page<T> page) => new() { Content = JsonContent.Create(page, options: json.Value.SerializerOptions) };

    private Task<HttpResponseMessage> Get(string service, string path, Pass pass, CancellationToken ct) =>
        Pass(service, pass, new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative)), ct);

    private Task<HttpResponseMessage> Pass(string service, Pass pass, HttpRequestMessage request, CancellationToken ct)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", passes.Sign(pass));
        return http.Send(service, request, Patience, ct);
    }
}
