using System.Globalization;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>Where the files of a model's version are: what pointed into an old run or logged model points into its copy.</summary>
internal sealed class VersionFiles(MlflowServer source, RunCopies runs, ModelCopies logged, ImportReport report)
{
    private const string OfRuns = "runs:/";
    private const string OfModels = "models:/";

    /// <summary>The source of a version's copy.</summary>
    /// <param name="name">The model.</param>
    /// <param name="version">The version.</param>
    /// <param name="before">Has a model's versions up to a number copied first.</param>
    /// <param name="stop">Stops it.</param>
    public async Task<string> Place(string name, JsonNode version, Func<string, int, CancellationToken, Task> before, CancellationToken stop)
    {
        var place = version.Text("source") ?? "";
        // A prompt is its tags; it has no files.
        if (SourceModels.IsPrompt(version))
            return Nameable(place) ? place : "prompt-template";
        if (Split(place, OfRuns) is (var run, var path) && await runs.IdOf(run, stop) is { } runCopy)
            return $"{OfRuns}{runCopy}{path}";
        if (Split(place, OfModels) is (var model, var rest))
        {
            if (model.StartsWith("m-", StringComparison.Ordinal) && await logged.IdOf(model, stop) is { } modelCopy)
                return rest.Length == 0 ? $"{OfModels}{modelCopy}" : await Inside(model, rest, stop) ?? Elsewhere(name, version, place);
            if (int.TryParse(rest.TrimStart('/'), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                await before(model, number, stop);
                return place;
            }
        }

        // An alias or a stage may have moved since: where it led then is what counts.
        return await Within(place, version, stop) ?? (await Pinned(name, version, stop) is { } pinned && pinned != place ? await Within(pinned, version, stop) : null) ?? Elsewhere(name, version, place);
    }

    private async Task<string?> Within(string place, JsonNode version, CancellationToken stop)
    {
        if (version.Text("run_id") is { Length: > 0 } run && await runs.IdOf(run, stop) is { } runCopy && Rest(place, (await source.Run(run, stop))?.Info.ArtifactUri) is { } path)
            return $"{OfRuns}{runCopy}{path}";
        var model = version.Text("model_id") is { Length: > 0 } id ? id : ModelIn(place);
        return model is not null && await ModelCopies.Find(source, model, stop) is { } found && Rest(place, found.ArtifactUri) is { } rest ? await Inside(model, rest, stop) : null;
    }

    private async Task<string?> Inside(string model, string rest, CancellationToken stop) => await logged.IdOf(model, stop) is not { } copy ? null
        : rest.Length == 0 ? $"{OfModels}{copy}"
        : await logged.RootOf(copy, stop) is { } root ? root + rest
        : null;

    private async Task<string?> Pinned(string name, JsonNode version, CancellationToken stop)
    {
        try
        {
            return (await source.Get($"model-versions/get-download-uri?name={Uri.EscapeDataString(name)}&version={SourceModels.Number(version)}", stop)).Text("artifact_uri");
        }
        catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
        {
            return null; // then its source is all that is known of it
        }
    }

    private string Elsewhere(string name, JsonNode version, string place)
    {
        report.Failed("files of a model version", $"{name}/{SourceModels.Number(version)}", $"They are not in a run or a logged model that was copied, but at {place}; the version still points there.");
        return Nameable(place) ? place : $"mll-import-elsewhere:{Uri.EscapeDataString(place)}";
    }

    // A path on the source's disk is no place that another server may name; nor is what means something else here.
    private static bool Nameable(string place) =>
        place.Length > 0 && !place.StartsWith('/') && !place.StartsWith("file:", StringComparison.OrdinalIgnoreCase) && !place.StartsWith(OfModels, StringComparison.Ordinal) && !place.StartsWith("mlflow-artifacts:", StringComparison.Ordinal);

    private static (string Head, string Tail)? Split(string place, string scheme)
    {
        if (!place.StartsWith(scheme, StringComparison.Ordinal))
            return null;
        var rest = place[scheme.Length..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (rest, "") : (rest[..slash], rest[slash..].TrimEnd('/'));
    }

    // What follows a root in a place under it.
    private static string? Rest(string place, string? root) =>
        root is { Length: > 0 } && place.StartsWith(root, StringComparison.Ordinal) && (place.Length == root.Length || place[root.Length] == '/') ? place[root.Length..].TrimEnd('/') : null;

    private static string? ModelIn(string place) => place.Split('/').FirstOrDefault(part => part.Length == 34 && part.StartsWith("m-", StringComparison.Ordinal));
}
