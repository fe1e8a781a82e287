using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace MlLifecycle.Samples.FashionMnist;

/// <summary>An answer that is not a success.</summary>
internal sealed class RefusedException(HttpStatusCode status, string code, string message) : Exception(message)
{
    public HttpStatusCode Status => status;

    /// <summary>The refusal's stable code, as in <c>evaluation-exists</c> or <c>RESOURCE_ALREADY_EXISTS</c>.</summary>
    public string Code => code;
}

/// <summary>The suite as one project's team sees it: JSON over HTTP with a token, nothing more.</summary>
internal sealed class Suite : IDisposable
{
    private readonly HttpClient _http;

    public Suite(Uri address, string token, string project)
    {
        Address = address;
        Project = project;
        _http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(5) };
        _http.DefaultRequestHeaders.Authorization = new("Bearer", token);
    }

    public Uri Address { get; }

    public string Project { get; }

    /// <summary>The path of something of this project.</summary>
    public string Path(string rest) => $"/api/projects/{Uri.EscapeDataString(Project)}/{rest}";

    /// <summary>The console's page of something of this project.</summary>
    public Uri Page(string rest = "") => new(Address, $"/projects/{Project}{(rest.Length > 0 ? "/" : "")}{rest}");

    public Task<JsonNode> Get(string path, CancellationToken stop) => Send(HttpMethod.Get, path, null, stop);

    public Task<JsonNode> Post(string path, object? body, CancellationToken stop) => Send(HttpMethod.Post, path, Json(body), stop);

    public Task<JsonNode> Put(string path, object body, CancellationToken stop) => Send(HttpMethod.Put, path, Json(body), stop);

    public Task<JsonNode> Patch(string path, object body, CancellationToken stop) => Send(HttpMethod.Patch, path, Json(body), stop);

    /// <summary>Sends a file or table as it is.</summary>
    public Task<JsonNode> Upload(HttpMethod method, string path, Stream content, string contentType, CancellationToken stop)
    {
        var body = new StreamContent(content, 1 << 17);
        body.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return Send(method, path, body, stop);
    }

    public async Task<byte[]> Download(string path, CancellationToken stop)
    {
        using var answer = await Answer(HttpMethod.Get, path, null, stop);
        return await answer.Content.ReadAsByteArrayAsync(stop);
    }

    /// <summary>Reads what is there, or null where there is nothing.</summary>
    public async Task<JsonNode?> Find(string path, CancellationToken stop)
    {
        try
        {
            return await Get(path, stop);
        }
        catch (RefusedException unknown) when (unknown.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    private static JsonContent? Json(object? body) => body is null ? null : JsonContent.Create(body);

    private async Task<JsonNode> Send(HttpMethod method, string path, HttpContent? body, CancellationToken stop)
    {
        using var answer = await Answer(method, path, body, stop);
        var text = await answer.Content.ReadAsStringAsync(stop);
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }

    private async Task<HttpResponseMessage> Answer(HttpMethod method, string path, HttpContent? body, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = body };
        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        }
        catch (HttpRequestException unreachable)
        {
            throw new SampleException(
                $"No suite answers at {Address} ({unreachable.Message.TrimEnd('.')}): start it with scripts/up.sh, or say where it is with --url.", ExitCode.NoAccess);
        }
        catch (TaskCanceledException late) when (late.InnerException is TimeoutException)
        {
            throw new SampleException($"{method} {path} had no answer in {_http.Timeout.TotalMinutes:0} minutes. Run the sample again; it goes on where it was.");
        }

        if (answer.IsSuccessStatusCode)
            return answer;
        using (answer)
            throw await Refusal(answer, $"{method} {path}", stop);
    }

    private async Task<Exception> Refusal(HttpResponseMessage answer, string request, CancellationToken stop)
    {
        var problem = Parsed(await answer.Content.ReadAsStringAsync(stop));
        var said = problem.Text("detail") ?? problem.Text("message") ?? problem.Text("title") ?? answer.ReasonPhrase ?? "no reason given";
        return answer.StatusCode switch
        {
            HttpStatusCode.Unauthorized => new SampleException(
                $"The suite at {Address} does not accept this token ({said.TrimEnd('.')}). Give a good one with --token, --token-file or MLL_TOKEN.", ExitCode.NoAccess),
            HttpStatusCode.Forbidden => new SampleException($"The token may not do this: {request}: {said} It takes a token with the role maintainer.", ExitCode.NoAccess),
            _ => new RefusedException(
                answer.StatusCode,
                problem.Text("error_code") ?? problem.Text("type")?.Split('/')[^1] ?? "",
                $"{request} answered {(int)answer.StatusCode}: {said}"),
        };
    }

    private static JsonNode Parsed(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? [];
        }
        catch (System.Text.Json.JsonException)
        {
            return new JsonObject { ["detail"] = text.Length > 300 ? text[..300] + "…" : text };
        }
    }
}

/// <summary>Reading what the suite answers.</summary>
internal static class Answers
{
    public static string? Text(this JsonNode? node, string name) => (node as JsonObject)?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    public static string The(this JsonNode node, string name) => node.Text(name) ?? throw new SampleException($"The suite's answer has no '{name}': {node.ToJsonString()}");

    public static double Number(this JsonNode node, string name) => node[name]?.GetValue<double>() ?? throw new SampleException($"The suite's answer has no '{name}': {node.ToJsonString()}");

    public static double? NumberOrNone(this JsonNode node, string name) => node[name]?.GetValue<double>();

    public static IEnumerable<JsonNode> Items(this JsonNode node, string name = "items") => (node[name] as JsonArray ?? []).Select(item => item!);
}
