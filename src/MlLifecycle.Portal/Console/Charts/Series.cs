namespace MlLifecycle.Portal.Console.Charts;

/// <summary>One line of a chart. Where a value is missing the line is broken.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Points">Along and up.</param>
/// <param name="Behind">The same before it was smoothed, drawn faintly behind it.</param>
public sealed record Series(string Name, IReadOnlyList<(double X, double? Y)> Points, IReadOnlyList<(double X, double? Y)>? Behind = null);

/// <summary>A sign on a chart, such as an alert.</summary>
/// <param name="X">Where along.</param>
/// <param name="Y">How high.</param>
/// <param name="Title">What it is.</param>
/// <param name="Over">Whether it is past.</param>
/// <param name="Href">Where it leads.</param>
public sealed record Sign(double X, double Y, string Title, bool Over, string Href);
