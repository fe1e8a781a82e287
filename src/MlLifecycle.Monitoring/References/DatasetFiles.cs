using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using MlLifecycle.Monitoring.Predictions;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Trust;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace MlLifecycle.Monitoring.References;

/// <summary>Files of dataset versions, fetched from the Datasets service on behalf of the caller: what the caller may not read is not read.</summary>
public sealed class DatasetFiles(IHttpClientFactory clients)
{
    /// <summary>The name of the HTTP client, and of the service.</summary>
    public const string Service = "datasets";

    private const int MostListed = 1000;

    /// <summary>Brings a file to disk; without a path, the only one of the version that can be a reference.</summary>
    public async Task<(Spooled? File, string? Path, TableFormat? Format, Refusal? Refusal)> Fetch(TakeReference asked, Caller caller, Spool spool, CancellationToken ct)
    {
        using var client = clients.CreateClient(Service);
        client.BaseAddress = new Uri($"http://{Service}");
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", caller.Token);
        client.DefaultRequestHeaders.Add(Caller.CorrelationHeader, caller.CorrelationId);
        var files = $"/api/projects/{Uri.EscapeDataString(caller.Project)}/datasets/{Uri.EscapeDataString(asked.Dataset)}/versions/{asked.Version}/files";
        try
        {
            var (path, refusal) = asked.Path is { } given ? (given, null) : await OnlyFile(client, files, asked, ct);
            if (refusal is not null)
                return (null, null, null, refusal);
            if (path!.Split('/').Any(part => part is "" or "." or ".."))
                return (null, null, null, Decision.InvalidInput("path", "must be the path of a file within the version, without '..' or empty parts."));
            if (TableFormats.OfPath(path) is not { } format)
                return (null, null, null, Decision.InvalidInput("path", $"'{path}' is not a file this service can read: .csv, .tsv, .ndjson, .jsonl, .parquet, or images as -idx3-ubyte, plain or .gz."));
            using var answer = await client.GetAsync($"{files}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}", HttpCompletionOption.ResponseHeadersRead, ct);
            if (await Problem(answer, asked, ct) is { } problem)
                return (null, null, null, problem);
            await using var body = await answer.Content.ReadAsStreamAsync(ct);
            var (file, unreceived) = await spool.Receive(body, ct);
            return (file, path, format, unreceived is { Field: "body" } ? Decision.InvalidInput("path", $"'{path}' is empty.") : unreceived);
        }
        catch (Exception away) when (away is HttpRequestException or HttpIOException or TimeoutRejectedException or BrokenCircuitException)
        {
            return (null, null, null, new(503, "datasets-unavailable", "The Datasets service does not answer just now. Retry in a few seconds."));
        }
    }

    private static async Task<(string? Path, Refusal? Refusal)> OnlyFile(HttpClient client, string files, TakeReference asked, CancellationToken ct)
    {
        using var answer = await client.GetAsync($"{files}?limit={MostListed}", ct);
        if (await Problem(answer, asked, ct) is { } problem)
            return (null, problem);
        var listed = JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct))?["items"]?.AsArray() ?? [];
        var usable = listed.Select(f => f?["path"]?.GetValue<string>()).OfType<string>().Where(p => TableFormats.OfPath(p) is not null).ToList();
        return usable switch
        {
            [var only] => (only, null),
            [] => (null, Decision.InvalidInput("path", $"is missing, and version {asked.Version} of '{asked.Dataset}' has no table or image file among its first {MostListed} files.")),
            _ => (null, Decision.InvalidInput("path", $"is missing: version {asked.Version} of '{asked.Dataset}' has {usable.Count} files that could be it: {string.Join(", ", usable.Take(10))}{(usable.Count > 10 ? ", …" : ".")}")),
        };
    }

    private static async Task<Refusal?> Problem(HttpResponseMessage answer, TakeReference asked, CancellationToken ct)
    {
        if (answer.IsSuccessStatusCode)
            return null;
        var said = answer.Content.Headers.ContentType?.MediaType == "application/problem+json" ? JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct)) : null;
        var detail = said?["detail"]?.GetValue<string>() ?? $"Datasets answered {(int)answer.StatusCode}.";
        return answer.StatusCode switch
        {
            HttpStatusCode.NotFound => new(404, said?["code"]?.GetValue<string>() ?? "reference-unknown", detail),
            HttpStatusCode.BadRequest => new(400, said?["code"]?.GetValue<string>() ?? "invalid-input", detail) { Field = "path" },
            HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => new(403, "forbidden", $"Datasets does not let this caller read '{asked.Dataset}': {detail}"),
            _ => new(503, "datasets-unavailable", $"The Datasets service cannot answer just now: {detail}"),
        };
    }
}
