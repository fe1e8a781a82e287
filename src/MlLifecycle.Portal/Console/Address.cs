using System.Globalization;

namespace MlLifecycle.Portal.Console;

/// <summary>Where things are: the console's pages and the API's paths, with the moment they are looked at.</summary>
/// <param name="Project">The project's slug.</param>
/// <param name="At">The moment, as in the address; null for now.</param>
public sealed record Address(string Project, string? At)
{
    public string Page(string rest = "") => WithMoment($"/projects/{Project}{(rest.Length > 0 ? "/" + rest : "")}");

    public string Api(string rest = "") => WithMoment($"/api/projects/{Project}{(rest.Length > 0 ? "/" + rest : "")}");

    /// <summary>A part of a path, as it must be written there.</summary>
    public static string Part(string name) => Uri.EscapeDataString(name);

    /// <summary>The moment that an address names; null for now, or when it is none.</summary>
    public static DateTimeOffset? Moment(string? at) =>
        DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;

    public static string Written(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private string WithMoment(string path) => At is null ? path : $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}at={Uri.EscapeDataString(At)}";
}
