using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Protocol;

/// <summary>What MLflow allows as keys, values and names. Each check answers null when all is well.</summary>
public static partial class Names
{
    public const int Key = 250;
    public const int ParamValue = 6000;
    public const int TagValue = 8000;
    public const int RunName = 250;
    public const int ExperimentName = 500;
    public const int ExperimentTagValue = 5000;
    public const int RegistryTagValue = 100_000;
    public const int Alias = 255;
    public const int DatasetName = 500;
    public const int DatasetDigest = 36;
    public const int DatasetSource = 65_535;
    public const int DatasetSchema = 1_048_575;
    public const int DatasetProfile = 16_777_215;
    public const int InputTagKey = 255;
    public const int InputTagValue = 500;

    private static readonly SearchValues<char> PlainKey = SearchValues.Create("/_.- :0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    private static readonly SearchValues<char> PlainAlias = SearchValues.Create("_-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    [GeneratedRegex(@"\A[vV]\d+\z", RegexOptions.CultureInvariant)]
    private static partial Regex VersionLike { get; }

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex WebhookName { get; }

    /// <summary>The name of a webhook, when there is one.</summary>
    public static Refusal? CheckWebhookName(string? name) => name is not { Length: > 0 } || WebhookName.IsMatch(name) ? null
        : Mlflow.Invalid($"Webhook name {Mlflow.Quoted(name)} is invalid. It must start and end with a letter or digit, have at most 63 characters, and contain only letters, digits, dots (.), underscores (_) and hyphens (-).");

    /// <summary>The key of a metric, parameter or tag.</summary>
    /// <param name="parameter">Where it stands in the request, as in <c>metrics[3].key</c>.</param>
    /// <param name="key">The key.</param>
    public static Refusal? CheckKey(string parameter, string? key)
    {
        if (string.IsNullOrEmpty(key))
            return Mlflow.Missing(parameter);
        if (TooLong(parameter, key, Key) is { } tooLong)
            return tooLong;
        if (!Consists(key, PlainKey))
            return Mlflow.InvalidValue(parameter, key, "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colons (:) and slashes (/).");
        return ReadsAsAnotherPath(key)
            ? Mlflow.InvalidValue(parameter, key, "Read as a file path, this name would be another one.")
            : null;
    }

    /// <summary>The key of a tag that a run begins with: MLflow takes those as they are.</summary>
    /// <param name="parameter">Where it stands in the request.</param>
    /// <param name="key">The key.</param>
    public static Refusal? CheckFirstTag(string parameter, string? key) => string.IsNullOrEmpty(key) ? Mlflow.Missing(parameter) : TooLong(parameter, key, Key);

    /// <summary>Limits count characters as Python and PostgreSQL do, by code points: an emoji is one.</summary>
    /// <param name="parameter">Where it stands in the request.</param>
    /// <param name="value">What was sent.</param>
    /// <param name="limit">How many characters it may have.</param>
    public static Refusal? TooLong(string parameter, string? value, int limit) => value is not null && value.Length > limit && CodePoints(value) is var count && count > limit
        ? Mlflow.Invalid($"'{parameter}' exceeds the maximum length of {limit} characters: it has {count}.")
        : null;

    public static Refusal? CheckExperimentName(string parameter, string? name) =>
        string.IsNullOrEmpty(name) ? Mlflow.Missing(parameter) : TooLong(parameter, name, ExperimentName);

    public static Refusal? CheckModelName(string parameter, string? name) => name switch
    {
        _ when string.IsNullOrWhiteSpace(name) => Mlflow.Missing(parameter),
        _ when name.AsSpan().ContainsAny('/', ':') => Mlflow.Invalid($"Invalid model name '{Cut(name, 200)}'. Names cannot contain '/' or ':'."),
        "." or ".." => Mlflow.InvalidValue(parameter, name, "Read as a file path, this name would be another one."),
        _ => TooLong(parameter, name, 256),
    };

    /// <summary>An alias that something is to be called by from now on. Those that are looked for may be any: <c>latest</c> is the newest version.</summary>
    /// <param name="parameter">Where it stands in the request.</param>
    /// <param name="alias">The alias.</param>
    public static Refusal? CheckNewAlias(string parameter, string? alias) => CheckAlias(parameter, alias) ?? alias switch
    {
        _ when IsLatest(alias) => Mlflow.Invalid("The 'latest' alias name (case insensitive) is reserved."),
        { } when VersionLike.IsMatch(alias) => Mlflow.Invalid($"Version alias name '{alias}' is reserved: it reads as a version."),
        _ => null,
    };

    public static bool IsLatest(string? alias) => "latest".Equals(alias, StringComparison.OrdinalIgnoreCase);

    public static Refusal? CheckAlias(string parameter, string? alias) => alias switch
    {
        null or "" => Mlflow.Invalid("Registered model alias name cannot be empty."),
        _ when TooLong(parameter, alias, Alias) is { } tooLong => tooLong,
        _ when !Consists(alias, PlainAlias) => Mlflow.Invalid($"Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."),
        _ => null,
    };

    /// <summary>Cuts a value that is too long, as MLflow does by default.</summary>
    /// <param name="value">A parameter's or tag's value.</param>
    /// <param name="limit">How many characters of it are kept, counted as in <see cref="TooLong"/>.</param>
    public static string Cut(string value, int limit)
    {
        if (value.Length <= limit)
            return value;
        var end = 0;
        for (var kept = 0; kept < limit && end < value.Length; kept++)
            end += char.IsSurrogatePair(value, end) ? 2 : 1;
        return value[..end];
    }

    // Letters and digits of any alphabet, as Python understands them: R² and 𝑅 are names too.
    private static bool Consists(ReadOnlySpan<char> name, SearchValues<char> plain)
    {
        if (!name.ContainsAnyExcept(plain))
            return true;
        foreach (var rune in name.EnumerateRunes())
        {
            var allowed = rune.IsAscii
                ? plain.Contains((char)rune.Value)
                : Rune.IsLetter(rune) || Rune.IsNumber(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.ConnectorPunctuation;
            if (!allowed)
                return false;
        }

        return true;
    }

    private static int CodePoints(string value) => value.Length - value.Count(char.IsLowSurrogate);

    private static bool ReadsAsAnotherPath(string key)
    {
        var parts = key.Split('/');
        return parts.Any(part => part is "" or "." or "..");
    }
}
