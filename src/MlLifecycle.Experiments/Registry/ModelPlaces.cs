using System.Globalization;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.LoggedModels;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Registry;

/// <summary>Follows what a version's source refers to: <c>models:/name/3</c>, <c>models:/name@champion</c>, <c>runs:/…/path</c>.</summary>
internal sealed class ModelPlaces(ModelRows rows, LoggedModelRows logged, RunReader runs)
{
    private const string Models = "models:/";
    private const string OfRuns = "runs:/";

    // Sources refer to sources; nobody means more than a few steps, and a circle has no end.
    private const int Steps = 8;

    /// <summary>Where the files behind a source are; the source itself where it leads no further.</summary>
    public async Task<string> Of(Guid project, string source, CancellationToken cancellation)
    {
        for (var step = 0; step < Steps && source.StartsWith(Models, StringComparison.Ordinal); step++)
        {
            if (LoggedModel.Parse(source[Models.Length..]) is { } model)
                return (await logged.Find(project, model, cancellation))?.ArtifactUri ?? source;
            if (await Version(project, source[Models.Length..], cancellation) is not { } version)
                break;
            source = version.Location ?? version.Source;
        }

        if (source.StartsWith(OfRuns, StringComparison.Ordinal) && source[OfRuns.Length..].Split('/', 2) is [var id, .. var rest]
            && Rules.Named(id, null, out var run) is null && await runs.One(project, run, cancellation) is { } record)
            return rest is [{ Length: > 0 } path] ? ArtifactStore.Under(record.ArtifactUri, path) : record.ArtifactUri;
        return source;
    }

    /// <summary>
    /// Where the files behind the source of a new version are, for good: what an alias or a stage names moves on. A source that names a version of a
    /// model must name one that is there.
    /// </summary>
    public async Task<(string? Location, Refusal? Refusal)> Pin(Guid project, string source, CancellationToken cancellation)
    {
        if (source.StartsWith(Models, StringComparison.Ordinal)
            && source.AsSpan(Models.Length).ContainsAny('/', '@')
            && await Version(project, source[Models.Length..], cancellation) is null)
            return (null, Mlflow.Invalid($"Unable to fetch model from model URI source artifact location {Mlflow.Quoted(source)}: there is no such model version."));
        var location = await Of(project, source, cancellation);
        return (location == source ? null : location, null);
    }

    /// <summary>The run that made the logged model which a source or its id names; null when no run did. An id that names none is refused.</summary>
    public async Task<(string? Run, Refusal? Refusal)> RunOf(Guid project, string source, string? modelId, CancellationToken cancellation)
    {
        var sourced = source.StartsWith(Models, StringComparison.Ordinal) ? LoggedModel.Parse(source[Models.Length..]) : null;
        var row = (sourced ?? LoggedModel.Parse(modelId)) is { } model ? await logged.Find(project, model, cancellation) : null;
        if (row is null && sourced is null && modelId is { Length: > 0 })
            return (null, ChangeLoggedModelSlice.Unknown(modelId));
        return (row?.SourceRun is { Length: > 0 } run ? run : null, null);
    }

    private async Task<VersionRow?> Version(Guid project, string reference, CancellationToken cancellation)
    {
        if (reference.Split('@') is [var named, var alias])
        {
            if (await rows.Find(project, named, cancellation) is not { } model)
                return null;
            return Names.IsLatest(alias) ? model.Latest.MaxBy(v => v.Version)
                : model.Aliases.TryGetValue(alias, out var aliased) ? await rows.FindVersion(project, named, aliased, cancellation)
                : null;
        }

        if (reference.Split('/') is not [var name, var which])
            return null;
        if (int.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return await rows.FindVersion(project, name, number, cancellation);
        if (await rows.Find(project, name, cancellation) is not { } staged)
            return null;
        return which.Equals("latest", StringComparison.OrdinalIgnoreCase)
            ? staged.Latest.MaxBy(v => v.Version)
            : staged.Latest.FirstOrDefault(v => v.Stage.Equals(which, StringComparison.OrdinalIgnoreCase));
    }
}
