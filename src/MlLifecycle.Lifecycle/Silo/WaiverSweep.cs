using Marten;

namespace MlLifecycle.Lifecycle.Silo;

/// <summary>
/// Puts on record the waivers that have ended. Every read and every decision judges with the clock, so no answer waits for the sweep; it only makes
/// the end an announced fact. A query over an indexed column needs no timer per grain that would die with it, and no reminder table.
/// </summary>
internal sealed class WaiverSweep(IDocumentStore store, IGrainFactory grains, BusBehindSilo silo, TimeProvider clock, ILogger<WaiverSweep> log)
    : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await silo.Open(stoppingToken);
        using var timer = new PeriodicTimer(Every, clock);
        do
        {
            try
            {
                await Sweep(stoppingToken);
            }
            catch (Exception outage) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning("Waivers that have ended are not on record yet: {Problem}", outage.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task Sweep(CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        await using var session = store.QuerySession();
        var projects = await session.Query<Standing>().Where(standing => standing.NextExpiry <= now).Select(standing => standing.Id).ToListAsync(cancellation);
        foreach (var project in projects)
            await grains.GetGrain<IProjectLifecycle>(project).ExpireWaivers();
    }
}
