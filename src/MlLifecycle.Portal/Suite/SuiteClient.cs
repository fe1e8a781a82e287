using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Components.Authorization;
using MlLifecycle.Contracts;
using MlLifecycle.Portal.Access;
using MlLifecycle.Portal.Gateway;
using MlLifecycle.Portal.Tokens;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using Npgsql;

namespace MlLifecycle.Portal.Suite;

/// <summary>
/// The suite as the signed-in person may see and change it, for the console's pages. Each call asks anew whether the token is still good, so a
/// page that is open stops within seconds of a revocation. Nothing here throws for an error of a service: that is an answer with a problem.
/// </summary>
public sealed class SuiteClient(AuthenticationStateProvider session, TokenBook book, Services services, TokenDesk desk, LiveFeed feed)
{
    // Services may add fields before the console knows them.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private static readonly Refusal SignedOut = new(401, "unauthenticated", "The session has ended. Sign in again.");

    /// <summary>Who is signed in; null when the session or the token behind it has ended.</summary>
    public async ValueTask<Holder?> Me(CancellationToken ct = default)
    {
        var user = (await session.GetAuthenticationStateAsync()).User;
        return Identities.TokenOf(user) is { } id && await book.Find(id, ct) is { } token && book.IsGood(token) ? token.Holder : null;
    }

    /// <summary>Reads a path of the API, with its query.</summary>
    public Task<Answer<T>> Get<T>(string path, CancellationToken ct = default) => Send<T>(HttpMethod.Get, path, null, ct);

    public Task<Answer<T>> Post<T>(string path, object? body = null, CancellationToken ct = default) => Send<T>(HttpMethod.Post, path, body ?? new { }, ct);

    public Task<Answer<T>> Put<T>(string path, object? body, CancellationToken ct = default) => Send<T>(HttpMethod.Put, path, body, ct);

    public Task<Answer<T>> Delete<T>(string path, CancellationToken ct = default) => Send<T>(HttpMethod.Delete, path, null, ct);

    public Task<Answer<Page<TokenView>>> Tokens(CancellationToken ct = default) =>
        Act(async me => new Answer<Page<TokenView>>(await desk.List(me, null, null, ct), null), ct);

    public Task<Answer<IssuedToken>> IssueToken(IssueToken issue, CancellationToken ct = default) =>
        Act(async me => Of(await desk.Issue(issue, me, Guid.CreateVersion7(), null, ct)), ct);

    public Task<Answer<TokenView>> RevokeToken(Guid id, CancellationToken ct = default) => Act(async me => Of(await desk.Revoke(id, me, null, ct)), ct);

    /// <summary>Hears the facts of one project, or of all the person may see, until it is disposed. It calls on a background thread.</summary>
    public IDisposable Live(string? project, Func<IntegrationEvent, Task> heard) => new Subscription(this, feed, project, heard);

    /// <summary>Reads the beginning of a file, at most so many bytes of it.</summary>
    public Task<Answer<FileHead>> Head(string path, int most, CancellationToken ct = default) => Act(
        async me =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
            var (response, refusal) = await services.Send(me, request, ct);
            if (response is null)
                return Refused<FileHead>(refusal!);
            using (response)
            {
                if (!response.IsSuccessStatusCode)
                    return new(default, await ProblemOf(response, ct));
                await using var content = await response.Content.ReadAsStreamAsync(ct);
                var bytes = new byte[most + 1];
                var read = await content.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, ct);
                return new(new(bytes[..Math.Min(read, most)], read > most), null);
            }
        },
        ct);

    private Task<Answer<T>> Send<T>(HttpMethod method, string path, object? body, CancellationToken ct) => Act(
        async me =>
        {
            using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
            if (body is not null)
                request.Content = JsonContent.Create(body, options: Json);
            var query = path.IndexOf('?', StringComparison.Ordinal) is >= 0 and var at ? path[at..] : "";
            var (response, refusal) = (method.Method, path[..^query.Length]) switch
            {
                ("GET", "/api/projects") => (await services.Projects(me, query, ct), null),
                ("GET", "/api/lifecycles") => (await services.Lifecycles(me, query, ct), null),
                _ => await services.Send(me, request, ct),
            };
            if (response is null)
                return Refused<T>(refusal!);
            using (response)
                return await Read<T>(response, ct);
        },
        ct);

    private async Task<Answer<T>> Act<T>(Func<Holder, Task<Answer<T>>> act, CancellationToken ct)
    {
        try
        {
            return await Me(ct) is { } me ? await act(me) : Refused<T>(SignedOut);
        }
        catch (ServiceDownException down)
        {
            return Refused<T>(down.Refusal);
        }
        catch (NpgsqlException outage) when (outage.IsTransient)
        {
            return Refused<T>(new(503, "store-unavailable", "The Portal's database does not answer just now. Retry in a few seconds."));
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or JsonException)
        {
            return Refused<T>(new(502, "answer-unreadable", $"A service's answer could not be read: {broken.Message}"));
        }
    }

    private static async Task<Answer<T>> Read<T>(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.IsSuccessStatusCode)
        {
            var value = response.Content.Headers.ContentLength is 0 ? default : await response.Content.ReadFromJsonAsync<T>(Json, ct);
            return new(value, null, response.Headers.ETag?.ToString());
        }

        return new(default, await ProblemOf(response, ct));
    }

    private static async Task<Problem> ProblemOf(HttpResponseMessage response, CancellationToken ct)
    {
        var status = (int)response.StatusCode;
        var stated = IsJson(response.Content.Headers.ContentType) ? await response.Content.ReadFromJsonAsync<JsonElement>(Json, ct) : default;
        if (stated.ValueKind == JsonValueKind.Object && stated.TryGetProperty("error_code", out var code) && stated.TryGetProperty("message", out var message))
            return new(status, $"{code}", "Refused", $"{message}"); // MLflow's shape
        return (stated.ValueKind == JsonValueKind.Object ? stated.Deserialize<Problem>(Json) : null) ?? new(status, "failed", "Failed", $"The service answered {status}.");
    }

    private static bool IsJson(MediaTypeHeaderValue? type) => type?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;

    private static Answer<T> Of<T>((T? Value, Refusal? Refusal) done)
        where T : class => done.Value is { } value ? new(value, null) : Refused<T>(done.Refusal!);

    private static Answer<T> Refused<T>(Refusal refusal) => new(default, Problem.Of(refusal));

    private sealed class Subscription : IDisposable
    {
        private readonly IDisposable _feed;

        public Subscription(SuiteClient client, LiveFeed feed, string? project, Func<IntegrationEvent, Task> heard) => _feed = feed.Subscribe(
            fact => project is null || fact.Project == project,
            async fact =>
            {
                if (await client.Me() is { } me && me.Sees(fact.Project))
                    await heard(fact);
            });

        public void Dispose() => _feed.Dispose();
    }
}
