using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MlLifecycle.Experiments.Protocol;
using Npgsql;

namespace MlLifecycle.Experiments.Webhooks;

/// <summary>How a delivery went.</summary>
internal sealed record DeliveryResult(bool Success, int? Status, string? Body, string? Problem);

/// <summary>
/// Sends deliveries, signed as MLflow signs them: HMAC-SHA256 over <c>delivery id.timestamp.payload</c> with the webhook's secret. Addresses inside the
/// suite's own network are not called unless <c>Webhooks:AllowPrivate</c> is set: whoever may name an address must not reach through it what they could not reach themselves.
/// </summary>
internal sealed class WebhookSender : IDisposable
{
    private const int Kept = 2000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly WebhookStore _store;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;

    public WebhookSender(WebhookStore store, TimeProvider clock, IConfiguration configuration)
    {
        (_store, _clock) = (store, clock);
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2), ConnectTimeout = TimeSpan.FromSeconds(5) };
        if (!configuration.GetValue("Webhooks:AllowPrivate", false))
            handler.ConnectCallback = ConnectOutside;
        _http = new(handler) { Timeout = Patience };
    }

    /// <summary>What is sent: names in small letters, what is not there as null, and a time that Python reads in all its versions.</summary>
    public static string Payload(string name, object data, DateTimeOffset time)
    {
        var parts = name.ToLowerInvariant().Split('.');
        return JsonSerializer.Serialize(
            new { entity = parts[0], action = parts[1], timestamp = time.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture), data }, Json);
    }

    public async Task<DeliveryResult> Send(Guid webhook, string url, Guid delivery, string payload, CancellationToken cancellation)
    {
        var timestamp = _clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(payload, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-MLflow-Delivery-Id", delivery.ToString());
        request.Headers.Add("X-MLflow-Timestamp", timestamp);
        if (await _store.Secret(webhook, cancellation) is { } secret)
            request.Headers.Add("X-MLflow-Signature", Sign(secret, delivery, timestamp, payload));
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            var body = new byte[Kept];
            await using var stream = await answer.Content.ReadAsStreamAsync(cancellation);
            var length = await stream.ReadAtLeastAsync(body, Kept, throwOnEndOfStream: false, cancellation);
            return new(answer.IsSuccessStatusCode, (int)answer.StatusCode, Encoding.UTF8.GetString(body, 0, length), answer.IsSuccessStatusCode ? null : $"It answered {(int)answer.StatusCode}.");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return new(false, null, null, failure is OperationCanceledException ? $"It did not answer within {Patience.TotalSeconds:0} seconds." : failure.InnerException?.Message ?? failure.Message);
        }
    }

    public static string Sign(string secret, Guid delivery, string timestamp, string payload) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{delivery}.{timestamp}.{payload}")));

    public void Dispose() => _http.Dispose();

    // Checked on the address itself, not the name: what a name stands for can change between a check and a call.
    private static async ValueTask<Stream> ConnectOutside(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellation);
        if (addresses.FirstOrDefault(IsOutside) is not { } address)
            throw new HttpRequestException($"{context.DnsEndPoint.Host} is an address of an inner network, which webhooks do not call here.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal static bool IsOutside(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address) || address.IsIPv6LinkLocal || address.IsIPv6SiteLocal || address.IsIPv6UniqueLocal || address.IsIPv6Multicast || address.Equals(IPAddress.IPv6Any))
            return false;
        return address.AddressFamily != AddressFamily.InterNetwork || address.GetAddressBytes() switch
        {
            [0 or 10 or 127, ..] => false,
            [169, 254, ..] => false,
            [172, >= 16 and <= 31, ..] => false,
            [192, 168, ..] => false,
            [100, >= 64 and <= 127, ..] => false,
            [>= 224, ..] => false,
            _ => true,
        };
    }
}

/// <summary>Carries deliveries out, whichever instance comes first: at least once, again after a failure at growing intervals, for about a day.</summary>
internal sealed class WebhookCourier(NpgsqlDataSource source, WebhookSender sender, TimeProvider clock, ILogger<WebhookCourier> log) : BackgroundService
{
    private const int Attempts = 12;
    private const int AtATime = 16;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var carried = 0;
            try
            {
                carried = await Carry(stoppingToken);
            }
            catch (NpgsqlException outage) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning("Webhook deliveries wait for the database: {Problem}", outage.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            if (carried == 0)
                await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Taken by moving the due time on: should this process die, the delivery is due again a minute later.
    private async Task<int> Carry(CancellationToken cancellation)
    {
        var due = new List<(long Delivery, Guid Id, Guid Webhook, string Url, string Payload, int Attempt)>();
        await using (var take = source.CreateCommand(
            """
            UPDATE tracking.deliveries d SET due = now() + interval '1 minute', attempts = d.attempts + 1
            FROM (SELECT delivery FROM tracking.deliveries WHERE due <= now() ORDER BY due LIMIT $1 FOR UPDATE SKIP LOCKED) n, tracking.webhooks w
            WHERE d.delivery = n.delivery AND w.id = d.webhook RETURNING d.delivery, d.id, w.id, w.url, d.payload, d.attempts
            """))
        {
            take.Parameters.Add(new() { Value = AtATime });
            await using var reader = await take.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                due.Add((reader.GetInt64(0), reader.GetGuid(1), reader.GetGuid(2), reader.GetString(3), reader.GetString(4), reader.GetInt32(5)));
        }

        await Task.WhenAll(due.Select(async d =>
        {
            var result = await sender.Send(d.Webhook, d.Url, d.Id, d.Payload, cancellation);
            if (!result.Success)
                log.LogWarning("Delivery {Delivery} to webhook {Webhook} failed at attempt {Attempt}: {Problem}", d.Id, d.Webhook, d.Attempt, result.Problem);
            var over = result.Success || d.Attempt >= Attempts;
            await using var note = source.CreateCommand(over
                ? "DELETE FROM tracking.deliveries WHERE delivery = $1"
                : "UPDATE tracking.deliveries SET due = now() + make_interval(secs => least(power(3, attempts), 14400)) WHERE delivery = $1");
            note.Parameters.Add(new() { Value = d.Delivery });
            await note.ExecuteNonQueryAsync(cancellation);
        }));
        return due.Count;
    }
}
