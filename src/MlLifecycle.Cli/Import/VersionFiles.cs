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
    /// <param name="before">Has a model's versions up to a number copied first, and says which number the copy of that one has.</param>
    /// <param name="stop">Stops it.</param>
    public async Task<string> Place(string name, JsonNode version, Func<string, int, CancellationToken, Task<int?>> before, CancellationToken stop)
    {
        var place = version.Text("source") ?? "";
        // A prompt is its tags; it has no files.
        if (SourceModels.IsPrompt(version))
            return Nameable(place) ? place : "prompt-template";
        if (await Named(place, stop) is { } named)
            return named;
        if (Split(place, OfModels) is (var model, var rest) && Number(rest.TrimStart('/')) is { } number && await before(model, number, stop) is { } copy)
            return Of(model, copy);

        // An alias or a stage may have moved since, and a version may be gone: where it led then is what counts.
        if (await Within(place, version, stop) is { } within)
            return within;
        return await Pinned(name, version, stop) is { } pinned && pinned != place
            ? await Named(pinned, stop) ?? await Within(pinned, version, stop) ?? Elsewhere(name, version, pinned)
            : await Followed(name, version, place, before, stop) ?? Elsewhere(name, version, place);
    }

    // In the run or the logged model that it names.
    private async Task<string?> Named(string place, CancellationToken stop) =>
        Split(place, OfRuns) is (var run, var path) ? await runs.IdOf(run, stop) is { } copy ? $"{OfRuns}{copy}{path}" : null
        : Split(place, OfModels) is (var model, var rest) && model.StartsWith("m-", StringComparison.Ordinal) ? await Inside(model, rest, stop)
        : null;

    // In the version's own run or logged model, or in one that the place itself names.
    private async Task<string?> Within(string place, JsonNode version, CancellationToken stop)
    {
        var parts = place.Split('/');
        foreach (var run in parts.Where(IsRun).Prepend(version.Text("run_id") ?? "").Where(id => id.Length > 0).Distinct())
        {
            if (Rest(place, (await source.Run(run, stop))?.Info.ArtifactUri) is { } path && await runs.IdOf(run, stop) is { } runCopy)
                return $"{OfRuns}{runCopy}{path}";
        }

        var model = version.Text("model_id") is { Length: > 0 } id ? id : Array.Find(parts, IsModel);
        return model is not null && await ModelCopies.Find(source, model, stop) is { } found && Rest(place, found.ArtifactUri) is { } rest ? await Inside(model, rest, stop) : null;
    }

    // Older servers leave an alias or a stage to whoever reads the files: then all that is known is where it leads now.
    private async Task<string?> Followed(string name, JsonNode version, string place, Func<string, int, CancellationToken, Task<int?>> before, CancellationToken stop)
    {
        if (Split(place, OfModels) is not (var reference, var tail))
            return null;
        var (model, number) = reference.Split('@') is [var aliased, var alias]
            ? (aliased, Number((await Known($"registered-models/alias?name={Uri.EscapeDataString(aliased)}&alias={Uri.EscapeDataString(alias)}", stop))?["model_version"]?["version"]))
            : (reference, tail.Length == 0 ? null : await Latest(reference, tail[1..], stop));
        if (number is null || await before(model, number.Value, stop) is not { } copy)
            return null;
        report.Note($"{name}/{SourceModels.Number(version)} was made of {place}, which leads to version {number} now; its copy stays with that one.");
        return Of(model, copy);
    }

    private async Task<int?> Latest(string model, string stage, CancellationToken stop)
    {
        if (stage.Equals("latest", StringComparison.OrdinalIgnoreCase))
            return (await SourceModels.Versions(source, model, stop)).Select(SourceModels.Number).Cast<int?>().LastOrDefault();
        var versions = await Known($"registered-models/get-latest-versions?name={Uri.EscapeDataString(model)}&stages={Uri.EscapeDataString(stage)}", stop);
        return versions.Items("model_versions").Select(found => Number(found["version"])).FirstOrDefault();
    }

    private async Task<string?> Inside(string model, string rest, CancellationToken stop) => await logged.IdOf(model, stop) is not { } copy ? null
        : rest.Length == 0 ? $"{OfModels}{copy}"
        : await logged.RootOf(copy, stop) is { } root ? root + rest
        : null;

    private async Task<string?> Pinned(string name, JsonNode version, CancellationToken stop) =>
        (await Known($"model-versions/get-download-uri?name={Uri.EscapeDataString(name)}&version={SourceModels.Number(version)}", stop)).Text("artifact_uri");

    // Null when the server cannot say.
    private async Task<JsonNode?> Known(string path, CancellationToken stop)
    {
        try
        {
            return await source.Get(path, stop);
        }
        catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
        {
            return null;
        }
    }

    private string Elsewhere(string name, JsonNode version, string place)
    {
        report.Failed("files of a model version", $"{name}/{SourceModels.Number(version)}", $"They are not in a run or a logged model that was copied, but at {place}; the version still points there.");
        var named = Nameable(place) && place.Split('/')[0].Contains(':', StringComparison.Ordinal) && !place.Contains('\\', StringComparison.Ordinal);
        return named ? place : $"mll-import-elsewhere:{Uri.EscapeDataString(place)}";
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

    private static string Of(string model, int version) => string.Create(CultureInfo.InvariantCulture, $"{OfModels}{model}/{version}");

    // Servers write a version's number as text; MLflow's own documentation has a number too.
    private static int? Number(JsonNode? number) => Number(number?.ToString() ?? "");

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static bool IsRun(string part) => part.Length == 32 && part.All(char.IsAsciiHexDigit);

    private static bool IsModel(string part) => part.Length == 34 && part.StartsWith("m-", StringComparison.Ordinal);
}
