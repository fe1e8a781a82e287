using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Portal.Gateway;

/// <summary>A service of the suite does not answer just now.</summary>
public sealed class ServiceDownException(string service, Exception cause) : Exception($"The service '{service}' does not answer: {cause.Message}", cause)
{
    public Refusal Refusal => RefusalOf(service);

    public static Refusal RefusalOf(string service) =>
        new(503, "service-unavailable", $"The service '{service}' does not answer just now. Retry in a few seconds; GET /health shows which services are up.");
}
