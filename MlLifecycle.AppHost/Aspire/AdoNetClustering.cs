using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Orleans;

namespace MlLifecycle.AppHost.Aspire;

/// <summary>Silos that meet in their service's own database. The Orleans integration has no provider of its own for PostgreSQL.</summary>
internal sealed class AdoNetClustering : IProviderConfiguration
{
    public void ConfigureResource<T>(IResourceBuilder<T> resourceBuilder, string configurationSectionName)
        where T : IResourceWithEnvironment
    {
        var section = "Orleans__" + configurationSectionName.Replace(":", "__", StringComparison.Ordinal);
        resourceBuilder
            .WithEnvironment($"{section}__ProviderType", "AdoNet")
            .WithEnvironment($"{section}__Invariant", "Npgsql")
            .WithEnvironment($"{section}__ConnectionName", "events");
    }
}
