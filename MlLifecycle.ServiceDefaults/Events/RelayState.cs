using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MlLifecycle.ServiceDefaults.Events;

/// <summary>What an operator wants to know of the relay in this process.</summary>
internal sealed class RelayState
{
    private volatile string? _problem;

    /// <summary>Whether this instance is the one that relays.</summary>
    public bool Leads { get; set; }

    /// <summary>The last failure, until something was published again.</summary>
    public string? Problem => _problem;

    public void Succeeded() => _problem = null;

    public void Failed(Exception failure) => _problem = failure.Message;
}

/// <summary>Degraded while announcements cannot be delivered: they wait in the log, nothing is lost, but the other services do not hear of them.</summary>
internal sealed class RelayHealth(RelayState state) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        state.Problem is { } problem ? HealthCheckResult.Degraded($"announcements wait: {problem}")
        : HealthCheckResult.Healthy(state.Leads ? "this instance relays" : "another instance relays"));
}
