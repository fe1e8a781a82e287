using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using MlLifecycle.Scoping;
using Shouldly;
using Xunit;

namespace MlLifecycle.Plumbing;

/// <summary>One trace shows what a request set in motion, across the event log and the bus.</summary>
public sealed class Tracing(ScopingFixture scoping) : IClassFixture<ScopingFixture>
{
    [Fact]
    public async Task the_trace_of_a_request_goes_on_through_relay_and_bus()
    {
        var trace = ActivityTraceId.CreateRandom();
        var seen = new ConcurrentQueue<(string Source, string Name)>();
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Microsoft.AspNetCore" or "MassTransit" or "MlLifecycle.Relay",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.TraceId != trace)
                    return;
                seen.Enqueue((activity.Source.Name, activity.OperationName));
                if (activity.Source.Name == "MassTransit")
                    sent.TrySetResult();
            },
        };
        ActivitySource.AddActivityListener(listener);

        var client = scoping.Above();
        client.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        await client.Post("/api/projects", new { slug = "traced-" + Guid.NewGuid().ToString("N")[..8], name = "Traced" }).Json(HttpStatusCode.Created);
        await sent.Task.WaitAsync(TimeSpan.FromSeconds(60));
        seen.Select(s => s.Source).ShouldContain("MassTransit");
    }
}
