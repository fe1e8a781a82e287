using Orleans.Runtime;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Lifecycle.Silo;

/// <summary>Calls of a grain on behalf of a person who waits.</summary>
internal static class Asking
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private const int Times = 10;

    /// <summary>
    /// Asks a project's grain. When its silo has just died the call is made again until the cluster has moved the grain: every command is decided
    /// once, however often it is asked.
    /// </summary>
    public static async Task<Answer> Ask(this IGrainFactory grains, Guid project, Func<IProjectLifecycle, Task<Answer>> ask, CancellationToken cancellation)
    {
        for (var time = 1; ; time++)
        {
            try
            {
                return await ask(grains.GetGrain<IProjectLifecycle>(project));
            }
            catch (Exception away) when (away is OrleansException or TimeoutException or SiloUnavailableException)
            {
                if (time == Times)
                    return new(0, new Refusal(503, "project-unavailable", "The project's place in the cluster is being moved. Retry in a few seconds."));
                await Task.Delay(Pause, cancellation);
            }
        }
    }
}
