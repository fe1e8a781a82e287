using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MlLifecycle.Portal.Gateway;

/// <summary>One service's health.</summary>
/// <param name="Name">The service.</param>
/// <param name="Healthy">Whether it says it is well.</param>
/// <param name="Problem">What is wrong when it is not.</param>
public sealed record ServiceHealth(string Name, bool Healthy, string? Problem);

/// <summary>The suite is healthy while every service is: one line for each.</summary>
public sealed class SuiteHealth(ServiceHttp services, HealthCheckService own, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Belief = TimeSpan.FromMilliseconds(500);

    private readonly Lock _asking = new();
    private (Task<ServiceHealth[]> Answers, long At)? _last;

    public async Task<IResult> Answer(HttpContext http)
    {
        var health = await Ask().WaitAsync(http.RequestAborted);
        var status = health.All(service => service.Healthy) ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        http.Response.Headers.CacheControl = "no-store";
        if (http.Request.Headers.Accept.ToString().Contains("application/json", StringComparison.OrdinalIgnoreCase))
        {
            var services = health.Select(s => new { name = s.Name, status = Word(s.Healthy), problem = s.Problem });
            return TypedResults.Json(new { status = Word(status == StatusCodes.Status200OK), services }, statusCode: status);
        }

        return TypedResults.Text(string.Concat(health.Select(s => $"{s.Name}: {(s.Healthy ? "healthy" : $"unhealthy ({s.Problem})")}\n")), statusCode: status);
    }

    private static string Word(bool healthy) => healthy ? "healthy" : "unhealthy";

    // Many may ask at once, and again and again: the services are asked twice a second at most.
    private Task<ServiceHealth[]> Ask()
    {
        lock (_asking)
        {
            if (_last is { } last && clock.GetElapsedTime(last.At) < Belief)
                return last.Answers;
            var answers = Task.WhenAll([Own(), .. RouteTable.Services.Select(Of)]);
            _last = (answers, clock.GetTimestamp());
            return answers;
        }
    }

    private async Task<ServiceHealth> Own()
    {
        var report = await own.CheckHealthAsync();
        var problem = report.Entries.Where(e => e.Value.Status != HealthStatus.Healthy).Select(e => $"{e.Key}: {e.Value.Description}").FirstOrDefault();
        return new("portal", problem is null, problem);
    }

    private async Task<ServiceHealth> Of(string service)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/health", UriKind.Relative));
            using var response = await services.Send(service, request, Patience, CancellationToken.None);
            return new(service, response.IsSuccessStatusCode, response.IsSuccessStatusCode ? null : await ProblemIn(response));
        }
        catch (ServiceDownException)
        {
            return new(service, false, "does not answer");
        }
    }

    private static async Task<string> ProblemIn(HttpResponseMessage response)
    {
        try
        {
            var report = await response.Content.ReadFromJsonAsync<Report>(new CancellationTokenSource(Patience).Token);
            var sick = report?.Checks?.Where(check => check.Value.Status != "healthy").Select(check => $"{check.Key}: {check.Value.Description}").FirstOrDefault();
            return sick ?? $"answers {(int)response.StatusCode}";
        }
        catch (Exception unreadable) when (unreadable is System.Text.Json.JsonException or HttpRequestException or OperationCanceledException or IOException)
        {
            return $"answers {(int)response.StatusCode}";
        }
    }

    private sealed record Report(Dictionary<string, Check>? Checks);

    private sealed record Check(string? Status, string? Description);
}
