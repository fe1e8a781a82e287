using System.Net.Sockets;
using RabbitMQ.Client;

namespace MlLifecycle.ServiceDefaults.Bus;

/// <summary>
/// Waits at the broker's door until it opens. MassTransit tries to connect at once, and when the broker is still starting it tries again only after
/// seconds that grow; this asks five times a second whether the broker's port takes connections, and lets MassTransit connect the moment it does.
/// </summary>
internal static class BrokerDoor
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    // Longer than a broker takes to start; then MassTransit tries for itself, and its log says what is wrong.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Returns when the broker's port takes connections, when the patience is over, or when the service stops.</summary>
    public static async Task WaitAsync(ConnectionFactory broker, CancellationToken stopping)
    {
        var end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!await IsOpenAsync(broker.Endpoint, stopping) && Environment.TickCount64 < end && !stopping.IsCancellationRequested)
            await Task.Delay(Pause, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task<bool> IsOpenAsync(AmqpTcpEndpoint endpoint, CancellationToken stopping)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(ConnectTimeout);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endpoint.HostName, endpoint.Port, patience.Token);
            return true;
        }
        catch (Exception closed) when (closed is SocketException or OperationCanceledException)
        {
            return false; // what keeps it closed, MassTransit's own attempt reports
        }
    }
}
