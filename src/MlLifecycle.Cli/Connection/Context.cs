using System.CommandLine;
using System.CommandLine.Parsing;

namespace MlLifecycle.Cli.Connection;

/// <summary>What every command is told: where the suite is, who asks, which project, and how to answer.</summary>
internal sealed class Context(ParseResult parsed)
{
    private static readonly Option<string?> Url = new("--url")
    {
        Description = "Where the suite is. Else MLL_URL, else http://localhost:8080.", Recursive = true, HelpName = "ADDRESS",
    };

    private static readonly Option<string?> Token = new("--token")
    {
        Description = "An API token. Better in MLL_TOKEN or in a file, where nobody else sees it.", Recursive = true, HelpName = "TOKEN",
    };

    private static readonly Option<FileInfo?> TokenFile = new("--token-file") { Description = "A file that holds the token.", Recursive = true, HelpName = "FILE" };

    private static readonly Option<string?> ProjectName = new("--project", "-p")
    {
        Description = "The project, by its name in addresses. Else MLL_PROJECT.", Recursive = true, HelpName = "PROJECT",
    };

    private static readonly Option<bool> AsJson = new("--json") { Description = "Answer in JSON, for scripts.", Recursive = true };

    public static IEnumerable<Option> Options => [Url, Token, TokenFile, ProjectName, AsJson];

    public bool Json => parsed.GetValue(AsJson);

    /// <summary>The project that is meant.</summary>
    public string Project => Given(parsed.GetValue(ProjectName), "MLL_PROJECT") is { } project
        ? project
        : throw new CommandException("Say which project: with --project or in MLL_PROJECT.", ExitCode.Usage);

    /// <summary>The project's own part of the API.</summary>
    public string Path(string rest) => $"api/projects/{Uri.EscapeDataString(Project)}/{rest}";

    /// <summary>The project as an MLflow server.</summary>
    public string Mlflow(string rest) => $"mlflow/{Uri.EscapeDataString(Project)}/api/2.0/mlflow/{rest}";

    public T? Value<T>(Option<T> option) => parsed.GetValue(option);

    public T? Value<T>(Argument<T> argument) => parsed.GetValue(argument);

    /// <summary>The suite, spoken to as the token's owner.</summary>
    /// <param name="tries">How often a request is sent when the suite is briefly unable.</param>
    public Server Suite(int tries = 1)
    {
        var url = Given(parsed.GetValue(Url), "MLL_URL") ?? "http://localhost:8080";
        if (Address(url) is not { } address)
            throw new CommandException($"--url or MLL_URL must be an address as in http://localhost:8080; it is '{url}'.", ExitCode.Usage);
        return new(address, new("Bearer", Secret()), "The suite", "start it, or say where it is with --url or MLL_URL.", "Give a good token with --token-file, --token or MLL_TOKEN.", tries);
    }

    public static Uri? Address(string? text) => Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address : null;

    public static string? Given(string? option, string variable) => option ?? (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null);

    /// <summary>A moment as the API takes it.</summary>
    public static Option<DateTimeOffset?> At(string what) => new("--at")
    {
        Description = what,
        HelpName = "TIME",
        CustomParser = given =>
        {
            if (DateTimeOffset.TryParse(given.Tokens[0].Value, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var time))
                return time;
            given.AddError($"--at must be a time as in 2026-03-03T12:00:00Z, or a day; it is '{given.Tokens[0].Value}'.");
            return null;
        },
    };

    public static string Query(DateTimeOffset? at) => at is { } time ? $"?at={Uri.EscapeDataString(time.ToUniversalTime().ToString("O"))}" : "";

    private string Secret()
    {
        var file = parsed.GetValue(TokenFile);
        var token = parsed.GetValue(Token) ?? (file is null ? Environment.GetEnvironmentVariable("MLL_TOKEN") : Read(file));
        return token?.Trim() is { Length: > 0 } given && given.All(c => c is > ' ' and < (char)127)
            ? given
            : throw new CommandException("Say who you are: give a token of the suite with --token-file, --token or in MLL_TOKEN.", ExitCode.NotAllowed);
    }

    private static string Read(FileInfo file)
    {
        try
        {
            return File.ReadAllText(file.FullName);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The token file cannot be read: {unreadable.Message}", ExitCode.NotAllowed);
        }
    }
}
