namespace MlLifecycle.Portal.Console.Charts;

/// <summary>One line of a chart. Where a value is missing the line is broken.</summary>
public sealed record Series(string Name, IReadOnlyList<(double X, double? Y)> Points);

/// <summary>A sign on a chart, such as an alert.</summary>
/// <param name="X">Where along.</param>
/// <param name="Y">How high.</param>
/// <param name="Title">What it is.</param>
/// <param name="Over">Whether it is past.</param>
/// <param name="Href">Where it leads.</param>
public sealed record Sign(double X, double Y, string Title, bool Over, string Href);
