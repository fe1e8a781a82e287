using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Gateway;

/// <summary>Project ids by slug, asked from Scoping once: a slug belongs to its project for good.</summary>
public sealed class ProjectDirectory(ServiceHttp services, Passes passes)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Guid> _known = new(StringComparer.Ordinal);

    /// <summary>The project's id; null when there is no project of that slug.</summary>
    /// <exception cref="ServiceDownException">Scoping does not answer.</exception>
    public async ValueTask<Guid?> Find(string slug, CancellationToken ct)
    {
        if (_known.TryGetValue(slug, out var known))
            return known;
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/api/projects/{Uri.EscapeDataString(slug)}", UriKind.Relative));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", passes.Sign(new Pass("portal", Role.Viewer, null, slug)));
        using var response = await services.Send("scoping", request, Patience, ct);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        if (!response.IsSuccessStatusCode)
            throw new ServiceDownException("scoping", new HttpRequestException($"It answered {(int)response.StatusCode}."));
        var project = await response.Content.ReadFromJsonAsync<Found>(ct);
        return _known[slug] = project!.Id;
    }

    private sealed record Found(Guid Id);
}
