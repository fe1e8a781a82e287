using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace MlLifecycle.Cli.Connection;

/// <summary>A server spoken to in JSON over HTTP. What it refuses, and what keeps it from answering, becomes one sentence.</summary>
internal sealed class Server : IDisposable
{
    /// <summary>As protobuf's mapping and the suite's own API both write JSON: snake_case or camelCase is left to the types.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>As long as a server may ask to be left alone.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    /// <summary>A failure that the server calls its own may pass, as while it starts; once one has not, others are given up sooner.</summary>
    private const int TriesOnError = 3;

    private readonly HttpClient _http;
    private readonly string _who;
    private readonly string _remedy;
    private readonly string _where;
    private readonly int _tries;
    private volatile bool _answered;
    private volatile bool _failing;

    /// <summary>A server at an address.</summary>
    /// <param name="address">Where; a path in it stands before every path that is asked for.</param>
    /// <param name="authorization">Who asks; null for nobody.</param>
    /// <param name="who">What to call it in a sentence, as in <c>The suite</c>.</param>
    /// <param name="where">What to do when nobody answers.</param>
    /// <param name="remedy">How to give it another token, as in <c>Give one with --token</c>.</param>
    /// <param name="tries">How often a request is sent when the server is briefly unable.</param>
    public Server(Uri address, AuthenticationHeaderValue? authorization, string who, string where, string remedy, int tries = 1)
    {
        Address = new Uri(address.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/");
        (_who, _where, _remedy, _tries) = (who, where, remedy, tries);
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(10), MaxConnectionsPerServer = 16 })
        {
            BaseAddress = Address,
            // Files take as long as they take; all else has a deadline of its own.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.Authorization = authorization;
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("mll");
    }

    /// <summary>Its address, without credentials, ending in a slash.</summary>
    public Uri Address { get; }

    public Task<T> Get<T>(string path, CancellationToken stop) => Read<T>(HttpMethod.Get, path, null, null, stop);

    public Task<JsonNode> Get(string path, CancellationToken stop) => Read<JsonNode>(HttpMethod.Get, path, null, null, stop);

    /// <summary>Sends a message and reads the answer.</summary>
    /// <param name="method">How.</param>
    /// <param name="path">Where, from the server's address.</param>
    /// <param name="body">What, written as JSON.</param>
    /// <param name="key">The idempotency key: two requests with one key are one request.</param>
    /// <param name="stop">Stops it.</param>
    public Task<T> Send<T>(HttpMethod method, string path, object body, string? key, CancellationToken stop) => Read<T>(method, path, body, key, stop);

    public Task<JsonNode> Post(string path, object body, CancellationToken stop) => Read<JsonNode>(HttpMethod.Post, path, body, null, stop);

    /// <summary>Sends a message that, sent twice, would do its work twice: so it is sent once.</summary>
    public Task<JsonNode> PostOnce(string path, object body, CancellationToken stop) => Once<JsonNode>(HttpMethod.Post, path, body, null, stop);

    /// <summary>Opens a file for reading as it comes in; once, since who reads it begins anew when it breaks off.</summary>
    public Task<HttpResponseMessage> Open(string path, CancellationToken stop) => Answer(HttpMethod.Get, path, null, null, stop);

    /// <summary>Reads a small file; null when it is larger than that.</summary>
    public Task<byte[]?> Small(string path, int most, CancellationToken stop) => Retrying(
        async () =>
        {
            using var answer = await Answer(HttpMethod.Get, path, null, null, stop);
            if (answer.Content.Headers.ContentLength > most)
                return null;
            try
            {
                await using var stream = await answer.Content.ReadAsStreamAsync(stop);
                using var read = new MemoryStream();
                var buffer = new byte[16 * 1024];
                for (int count; (count = await stream.ReadAsync(buffer, stop)) > 0;)
                {
                    read.Write(buffer, 0, count);
                    if (read.Length > most)
                        return null;
                }

                return read.ToArray();
            }
            catch (Exception cut) when (cut is IOException or HttpRequestException)
            {
                throw Gone(cut);
            }
        },
        stop);

    /// <summary>Writes a file as it comes in.</summary>
    public async Task Put(string path, HttpContent content, CancellationToken stop)
    {
        using var answer = await Answer(HttpMethod.Put, path, content, null, stop);
    }

    /// <summary>Writes something that is not JSON, and is answered with nothing that matters.</summary>
    public Task PostBytes(string path, byte[] body, string type, (string Name, string Value) header, CancellationToken stop) => Retrying(
        async () =>
        {
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new(type) } };
            content.Headers.Add(header.Name, header.Value);
            using var answer = await Answer(HttpMethod.Post, path, content, null, stop);
            return true;
        },
        stop);

    /// <summary>
    /// Does something that may fail because a server is briefly unable, again and again within reason, and not before the moment that the server names.
    /// A server that has never answered is not waited for: its address may be wrong.
    /// </summary>
    public async Task<T> Retrying<T>(Func<Task<T>> attempt, CancellationToken stop)
    {
        var pause = TimeSpan.FromMilliseconds(250);
        for (var tried = 1; ; tried++, pause *= 2)
        {
            var wait = pause;
            try
            {
                return await attempt();
            }
            catch (RefusedException busy) when (Passes(busy, tried, pause))
            {
                wait = busy.Again > pause ? busy.Again.Value : pause;
            }
            catch (CommandException gone) when (gone is not RefusedException && gone.ExitCode == ExitCode.Unreachable && _answered && tried < _tries)
            {
                wait = pause;
            }

            await Task.Delay(wait, stop);
        }
    }

    // Whether a refusal is worth another try.
    private bool Passes(RefusedException refused, int tried, TimeSpan pause)
    {
        if (tried < TriesOf(refused) && (refused.Again ?? pause) <= LongestPause)
            return true;
        if (refused.Status == HttpStatusCode.InternalServerError)
            _failing = true;
        return false;
    }

    public void Dispose() => _http.Dispose();

    private int TriesOf(RefusedException refused) => refused.Status switch
    {
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => _tries,
        HttpStatusCode.InternalServerError => _failing ? Math.Min(_tries, TriesOnError) : _tries,
        _ => 1,
    };

    private Task<T> Read<T>(HttpMethod method, string path, object? body, string? key, CancellationToken stop) =>
        Retrying(() => Once<T>(method, path, body, key, stop), stop);

    private async Task<T> Once<T>(HttpMethod method, string path, object? body, string? key, CancellationToken stop)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(Patience);
        try
        {
            using var content = body is null ? null : new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, Json)) { Headers = { ContentType = new("application/json") } };
            using var answer = await Answer(method, path, content, key, deadline.Token);
            await using var stream = await answer.Content.ReadAsStreamAsync(deadline.Token);
            return await JsonSerializer.DeserializeAsync<T>(stream, Json, deadline.Token) ?? throw new JsonException();
        }
        catch (Exception cut) when (cut is IOException or HttpRequestException)
        {
            throw Gone(cut);
        }
        catch (JsonException)
        {
            throw new CommandException($"{_who} at {Address} answered {method} {Shown(path)} with something other than what was asked for: is the address right?");
        }
        catch (Exception cut) when (cut is HttpIOException or IOException)
        {
            throw Gone(cut);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new CommandException($"{_who} at {Address} did not answer {method} {Shown(path)} within {Patience.TotalMinutes:0} minutes.", ExitCode.Unreachable);
        }
    }

    private async Task<HttpResponseMessage> Answer(HttpMethod method, string path, HttpContent? content, string? key, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        }
        catch (HttpRequestException unreachable)
        {
            throw Gone(unreachable);
        }
        catch (TaskCanceledException late) when (!stop.IsCancellationRequested)
        {
            throw Gone(late);
        }

        _answered = true;
        if (answer.IsSuccessStatusCode)
            return answer;
        using (answer)
        {
            string body;
            try
            {
                body = await answer.Content.ReadAsStringAsync(stop);
            }
            catch (HttpRequestException cut)
            {
                throw Gone(cut);
            }

            throw Refusal(answer, body, $"{method} {Shown(path)}");
        }
    }

    private CommandException Gone(Exception why)
    {
        var reason = (why.InnerException ?? why).Message.Trim().TrimEnd('.');
        return new($"{_who} does not answer at {Address} ({reason}): {_where}", ExitCode.Unreachable);
    }

    private RefusedException Refusal(HttpResponseMessage answer, string body, string request)
    {
        var (status, phrase) = (answer.StatusCode, answer.ReasonPhrase);
        var again = answer.Headers.RetryAfter is not { } after ? null : after.Delta ?? (after.Date - TimeProvider.System.GetUtcNow());
        var problem = Parsed(body);
        var code = problem.Text("code") ?? problem.Text("error_code") ?? problem.Text("type")?.Split('/')[^1] ?? "";
        var said = Sentence(problem.Text("detail") ?? problem.Text("message") ?? problem.Text("title") ?? phrase ?? "No reason is given");
        if (problem["errors"] is JsonObject { Count: > 0 } fields)
        {
            var named = string.Join(", ", fields.Select(field => field.Key));
            said = $"{said} ({(fields.Count == 1 ? "field" : "fields")}: {named})";
        }

        return new(status, code, status switch
        {
            HttpStatusCode.Unauthorized => $"{_who} at {Address} does not know you: {said} {_remedy}",
            HttpStatusCode.Forbidden => $"{_who} at {Address} does not let this token do it: {said}",
            HttpStatusCode.NotFound when code.Length == 0 => $"There is no {request} at {Address}: is the address right?",
            _ => said,
        })
        { Again = again };
    }

    private static string Sentence(string text) => text.Length > 0 && ".!?".Contains(text[^1], StringComparison.Ordinal) ? text : text + ".";

    private static string Shown(string path) => "/" + path.Split('?')[0];

    private static JsonObject Parsed(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? [];
        }
        catch (JsonException)
        {
            // A page of some proxy: nothing in it is for a terminal.
            return [];
        }
    }
}
