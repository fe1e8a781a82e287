using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace MlLifecycle.ServiceDefaults.Events;

/// <summary>Whether the database answers.</summary>
internal sealed class StoreHealth(NpgsqlDataSource source) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var command = source.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (NpgsqlException problem)
        {
            return HealthCheckResult.Unhealthy($"PostgreSQL does not answer: {problem.Message}");
        }
    }
}
