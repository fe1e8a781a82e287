using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace MlLifecycle.AppHost.Local;

/// <summary>Ports on the loopback address.</summary>
internal static class Ports
{
    // Below the range from which the kernel takes the near end of outgoing connections: what is free here stays free until its server listens.
    private const int First = 20_000;
    private const int Last = 32_000;

    private static readonly ConcurrentDictionary<int, bool> _given = new();

    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Last);
            if (_given.TryAdd(port, true) && IsFree(port))
                return port;
        }
    }

    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Whether something takes connections there.</summary>
    public static async Task<bool> AnswersAsync(int port, CancellationToken ct)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, ct);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
