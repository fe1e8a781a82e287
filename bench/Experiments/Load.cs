using System.Diagnostics;

namespace MlLifecycle.Bench;

/// <summary>What a number of connections got done.</summary>
/// <param name="Elapsed">From the first request to the last answer.</param>
/// <param name="Latencies">Of each request, sorted.</param>
internal sealed record Measured(TimeSpan Elapsed, TimeSpan[] Latencies)
{
    public double PerSecond => Latencies.Length / Elapsed.TotalSeconds;

    public double P50 => At(0.50);

    public double P99 => At(0.99);

    private double At(double share) => Latencies[Math.Min(Latencies.Length - 1, (int)(Latencies.Length * share))].TotalMilliseconds;
}

/// <summary>A closed loop: each connection sends its next request when the last is answered.</summary>
internal static class Load
{
    /// <summary>Sends <paramref name="requests"/> requests over <paramref name="connections"/> connections, after a tenth of that as warm-up.</summary>
    /// <param name="connections">How many at a time.</param>
    /// <param name="requests">How many in all.</param>
    /// <param name="open">Opens a connection.</param>
    /// <param name="send">Sends the n-th request and reads its answer to the end.</param>
    public static async Task<Measured> Run<T>(int connections, int requests, Func<int, Task<T>> open, Func<T, int, Task> send)
        where T : IDisposable
    {
        var warm = Math.Max(connections, requests / 10);
        var next = -1;
        var latencies = new TimeSpan[requests];
        var opened = await Task.WhenAll(Enumerable.Range(0, connections).Select(open));
        async Task Work(T connection, int from, int count)
        {
            for (int i; (i = Interlocked.Increment(ref next)) < count;)
            {
                var began = Stopwatch.GetTimestamp();
                await send(connection, from + i);
                if (from > 0)
                    latencies[i] = Stopwatch.GetElapsedTime(began);
            }
        }

        await Task.WhenAll(opened.Select(connection => Task.Run(() => Work(connection, 0, warm))));
        next = -1;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(opened.Select(connection => Task.Run(() => Work(connection, warm, requests))));
        clock.Stop();
        foreach (var connection in opened)
            connection.Dispose();
        Array.Sort(latencies);
        return new(clock.Elapsed, latencies);
    }
}
