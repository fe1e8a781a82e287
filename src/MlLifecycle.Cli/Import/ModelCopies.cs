using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>The copy of a logged model in the project.</summary>
/// <param name="Model">The copy as it stands.</param>
/// <param name="New">Whether it has just been made and holds nothing.</param>
internal sealed record ModelCopy(LoggedModel Model, bool New);

/// <summary>Which logged model of the project is the copy of which: found in the journal, else by its tag, else made. As with runs.</summary>
internal sealed partial class ModelCopies(MlflowServer source, MlflowServer target, IReadOnlyDictionary<string, Place> places, RunCopies runs, Journal journal, ImportReport report)
{
    private readonly ConcurrentDictionary<string, bool> _unfinished = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _taken = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<ModelCopy?>>> _making = new(StringComparer.Ordinal);

    /// <summary>The copy of a model; made when there is none; null when somebody deleted it in the project.</summary>
    public async Task<ModelCopy?> Of(LoggedModel model, CancellationToken stop)
    {
        // Runs that made or use one model may ask at one time.
        var making = _making.GetOrAdd(model.Id, _ => new(() => FindOrMake(model, stop)));
        try
        {
            return await making.Value;
        }
        finally
        {
            _making.TryRemove(model.Id, out _);
        }
    }

    /// <summary>Models that something referred to before they were whole: searches leave out those of deleted experiments.</summary>
    public IReadOnlyCollection<string> Unfinished => [.. _unfinished.Keys];

    public void Finished(string id, string copy) => journal.Done(id, copy);

    /// <summary>Takes a model's turn; false when it has had it in this import.</summary>
    public bool Take(string id)
    {
        _unfinished.TryRemove(id, out _);
        return _taken.TryAdd(id, true);
    }

    /// <summary>The id of the copy of a model that something refers to; null when it is not to be had.</summary>
    public async Task<string?> IdOf(string id, CancellationToken stop)
    {
        if (journal.CopyOf(id) is { } known)
        {
            if (!journal.IsDone(id) && !_taken.ContainsKey(id))
                _unfinished.TryAdd(id, true);
            return known;
        }

        if (await Find(source, id, stop) is not { } model || !places.ContainsKey(model.Experiment))
            return null;
        _unfinished.TryAdd(id, true);
        return (await Of(model, stop))?.Model.Id;
    }

    /// <summary>Where the files of a copy are.</summary>
    public async Task<string?> RootOf(string copy, CancellationToken stop) => (await Find(target, copy, stop))?.ArtifactUri;

    /// <summary>A text with every id of a model whose copy is known replaced by the copy's.</summary>
    public string Renamed(string text) => Ids().Replace(text, found => journal.CopyOf(found.Value) ?? found.Value);

    /// <summary>A server's logged model; null when it has none of that id.</summary>
    public static async Task<LoggedModel?> Find(MlflowServer server, string id, CancellationToken stop)
    {
        try
        {
            return (await server.Get($"logged-models/{Uri.EscapeDataString(id)}", stop))["model"] is { } found ? new(found) : null;
        }
        catch (RefusedException none) when (none.Unknown || none.NoSuchPath)
        {
            return null;
        }
    }

    private async Task<ModelCopy?> FindOrMake(LoggedModel model, CancellationToken stop)
    {
        var place = places[model.Experiment];
        if ((journal.CopyOf(model.Id) is { } noted ? await Find(target, noted, stop) : place.New ? null : await Tagged(model.Id, place.Id, stop)) is { } present)
        {
            journal.Created(model.Id, present.Id);
            return new(present, New: false);
        }

        var run = model.SourceRun is { } made ? await runs.IdOf(made, stop) : null;
        if (run is null && model.SourceRun is { } missing)
            report.Failed("run of a logged model", model.Label, $"The run {missing} that made it is not among what is copied; the model has none here.");
        var answer = await target.Server.Send<JsonNode>(
            HttpMethod.Post,
            target.Api + "logged-models",
            new
            {
                experiment_id = place.Id,
                name = model.Name,
                model_type = model.ModelType,
                source_run_id = run,
                tags = (object[])[new { key = RunCopies.ImportedFrom, value = model.Id }, new { key = RunCopies.State, value = "unfinished" }],
            },
            $"mll-import {source.Name} {model.Id} {place.Id}",
            stop);
        if (answer["model"] is not { } message)
            return null; // the same request made it before, and somebody deleted it since
        var copy = new LoggedModel(message);
        journal.Created(model.Id, copy.Id);
        return new(copy, New: true);
    }

    private async Task<LoggedModel?> Tagged(string id, string experiment, CancellationToken stop) =>
        (await target.Post("logged-models/search", new { experiment_ids = (string[])[experiment], filter = $"tags.`{RunCopies.ImportedFrom}` = '{id}'", max_results = 1 }, stop))
        .Items("models").Select(found => new LoggedModel(found)).FirstOrDefault();

    [GeneratedRegex("m-[0-9a-f]{32}")]
    private static partial Regex Ids();
}
