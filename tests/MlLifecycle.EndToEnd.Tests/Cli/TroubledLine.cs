using System.Net;

namespace MlLifecycle.Cli;

/// <summary>A line to a server on which things go wrong: what the trouble leaves alone is passed on as it is.</summary>
internal sealed class TroubledLine : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly HttpClient _server;
    private readonly Task _serving;

    public TroubledLine(Uri server)
    {
        Address = new Uri($"http://127.0.0.1:{Suite.FreePort()}/");
        _server = new HttpClient { BaseAddress = server };
        _listener.Prefixes.Add(Address.ToString());
        _listener.Start();
        _serving = Serve();
    }

    public Uri Address { get; }

    /// <summary>Answers in the server's place, and says that it did.</summary>
    public Func<HttpListenerContext, bool> Trouble { get; set; } = _ => false;

    /// <summary>After how many bytes an answer breaks off; null when it does not.</summary>
    public Func<HttpListenerRequest, int?> Cut { get; set; } = _ => null;

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
        _server.Dispose();
    }

    /// <summary>Answers with a status, and when to ask again.</summary>
    public static bool Answer(HttpListenerContext context, int status, string? after = null, string body = "", string type = "text/plain")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        if (after is not null)
            context.Response.Headers["Retry-After"] = after;
        context.Response.Close(System.Text.Encoding.UTF8.GetBytes(body), willBlock: true);
        return true;
    }

    private async Task Serve()
    {
        var open = new List<Task>();
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception stopped) when (stopped is HttpListenerException or ObjectDisposedException)
            {
                break;
            }

            open.Add(Task.Run(() => Pass(context)));
        }

        await Task.WhenAll(open);
    }

    private async Task Pass(HttpListenerContext context)
    {
        if (Trouble(context))
            return;
        var asked = context.Request;
        using var passed = new HttpRequestMessage(new(asked.HttpMethod), asked.RawUrl);
        foreach (var name in asked.Headers.AllKeys.Where(n => n is "Authorization" or "Idempotency-Key"))
            passed.Headers.TryAddWithoutValidation(name!, asked.Headers[name!]);
        if (asked.HasEntityBody)
        {
            passed.Content = new StreamContent(asked.InputStream);
            passed.Content.Headers.TryAddWithoutValidation("Content-Type", asked.ContentType);
        }

        using var answer = await _server.SendAsync(passed);
        var body = await answer.Content.ReadAsByteArrayAsync();
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        context.Response.ContentLength64 = body.Length;
        if (Cut(asked) is { } cut)
        {
            await context.Response.OutputStream.WriteAsync(body.AsMemory(0, cut));
            await context.Response.OutputStream.FlushAsync();
            context.Response.Abort();
            return;
        }

        await context.Response.OutputStream.WriteAsync(body);
        context.Response.Close();
    }
}
