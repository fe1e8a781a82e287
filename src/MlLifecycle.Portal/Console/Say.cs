using System.Globalization;

namespace MlLifecycle.Portal.Console;

/// <summary>Figures and times as people read them.</summary>
public static class Say
{
    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    public static string Figure(double? value) => value switch
    {
        null => "–",
        0 => "0",
        { } v when Math.Abs(v) is >= 1e7 or < 1e-4 => v.ToString("0.##e0", Plain),
        { } v when Math.Abs(v) >= 1000 => v.ToString("#,0.#", Plain),
        { } v => v.ToString("0.####", Plain),
    };

    public static string Percent(double? share, int decimals = 1) => share is { } s ? (s * 100).ToString($"F{decimals}", Plain) + "%" : "–";

    /// <summary>A figure in its unit; a ratio as a percentage.</summary>
    public static string Measured(double? value, string unit) => value is null ? "–" : unit == "ratio" ? Percent(value) : $"{Figure(value)} {unit}";

    public static string Count(long count) => count.ToString("#,0", Plain);

    public static string Counted(long count, string one, string? many = null) => $"{Count(count)} {(count == 1 ? one : many ?? one + "s")}";

    public static string Bytes(long bytes) => Math.Abs(bytes) switch
    {
        < 1024 => $"{bytes} B",
        < 1024 * 1024 => $"{(bytes / 1024.0).ToString("0.#", Plain)} KiB",
        < 1024L * 1024 * 1024 => $"{(bytes / (1024.0 * 1024)).ToString("0.#", Plain)} MiB",
        _ => $"{(bytes / (1024.0 * 1024 * 1024)).ToString("0.#", Plain)} GiB",
    };

    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("d MMM yyyy, HH:mm 'UTC'", Plain);

    public static string Exactly(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff 'UTC'", Plain);

    public static string Day(DateOnly day) => day.ToString("d MMM yyyy", Plain);

    public static string Ago(DateTimeOffset at, DateTimeOffset now) => (now - at) switch
    {
        { TotalSeconds: < 45 } => "just now",
        { TotalMinutes: < 60 } t => $"{Math.Max(1, (int)t.TotalMinutes)} min ago",
        { TotalHours: < 24 } t => $"{(int)t.TotalHours} h ago",
        { TotalDays: < 14 } t => Counted((int)t.TotalDays, "day") + " ago",
        _ => at.UtcDateTime.ToString("d MMM yyyy", Plain),
    };

    public static string Lasted(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => $"{(int)time.TotalMilliseconds} ms",
        { TotalSeconds: < 60 } => $"{time.TotalSeconds.ToString("0.#", Plain)} s",
        { TotalMinutes: < 60 } => $"{(int)time.TotalMinutes} min {time.Seconds} s",
        _ => $"{(int)time.TotalHours} h {time.Minutes} min",
    };

    public static string Capital(string word) => word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..].Replace('-', ' ');

    /// <summary>A kind of fact in words: <c>RunFinished</c> as "run finished".</summary>
    public static string Kind(string type) => string.Concat(type.Select((c, i) => char.IsUpper(c) ? (i > 0 ? " " : "") + char.ToLowerInvariant(c) : $"{c}"));
}
