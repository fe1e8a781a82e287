using Microsoft.Extensions.ServiceDiscovery.Http;

namespace MlLifecycle.Portal.Gateway;

/// <summary>
/// The Portal's own requests to the services, found by discovery. Without retries: whoever waits for the answer, a person or a health check,
/// is served better by hearing at once that a service is down.
/// </summary>
public sealed class ServiceHttp(IServiceDiscoveryHttpMessageHandlerFactory discovery) : IDisposable
{
    private readonly HttpClient _client = new(discovery.CreateHandler(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectTimeout = TimeSpan.FromSeconds(5),
        UseCookies = false,
        AllowAutoRedirect = false,
    }))
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Sends a request for a path of a service.</summary>
    /// <exception cref="ServiceDownException">The service cannot be reached, or does not answer in time.</exception>
    public async Task<HttpResponseMessage> Send(string service, HttpRequestMessage request, TimeSpan timeout, CancellationToken ct)
    {
        request.RequestUri = new Uri(new Uri($"http://{service}"), request.RequestUri!);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(timeout);
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        }
        catch (Exception down) when (down is HttpRequestException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            throw new ServiceDownException(service, down);
        }
    }

    public void Dispose() => _client.Dispose();
}
