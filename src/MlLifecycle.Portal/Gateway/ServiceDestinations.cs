using Microsoft.Extensions.ServiceDiscovery;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace MlLifecycle.Portal.Gateway;

/// <summary>Finds the instances behind a service's name the way every other caller in the suite does.</summary>
public sealed class ServiceDestinations(ServiceEndpointResolver discovery) : IDestinationResolver
{
    public async ValueTask<ResolvedDestinationCollection> ResolveDestinationsAsync(
        IReadOnlyDictionary<string, DestinationConfig> destinations, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, DestinationConfig>();
        var changes = new List<Microsoft.Extensions.Primitives.IChangeToken>();
        foreach (var destination in destinations.Values)
        {
            var source = await discovery.GetEndpointsAsync(destination.Address, cancellationToken);
            changes.Add(source.ChangeToken);
            foreach (var endpoint in source.Endpoints)
            {
                var text = endpoint.ToString()!;
                var address = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
                found[address] = destination with { Address = address, Host = null };
            }
        }

        return new(found, new Microsoft.Extensions.Primitives.CompositeChangeToken(changes));
    }
}
