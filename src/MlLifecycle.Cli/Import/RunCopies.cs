using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>The copy of a run in the project.</summary>
/// <param name="Run">The copy as it stands.</param>
/// <param name="New">Whether it has just been made and holds nothing.</param>
internal sealed record RunCopy(FoundRun Run, bool New)
{
    public string Id => Run.Info.RunId;

    public string? Tag(string key) => Run.Data?.Tags?.FirstOrDefault(t => t.Key == key)?.Value;
}

/// <summary>
/// Which run of the project is the copy of which. Found in the journal, else by its tag, else made: with an idempotency key, so that a request whose
/// answer was lost makes no second one.
/// </summary>
internal sealed partial class RunCopies(MlflowServer source, MlflowServer target, IReadOnlyDictionary<string, Place> places, Journal journal)
{
    /// <summary>The tag that says which run this is a copy of.</summary>
    public const string ImportedFrom = "mll.imported_from";

    /// <summary>The tag of a copy that is not whole.</summary>
    public const string State = "mll.import";

    [GeneratedRegex(@"\A[\w/.\- :]+\z")]
    private static partial Regex Plain { get; }

    private readonly ConcurrentDictionary<string, Lazy<Task<RunCopy>>> _making = new(StringComparer.Ordinal);

    /// <summary>The copy of a run; made when there is none.</summary>
    public async Task<RunCopy> Of(FoundRun run, CancellationToken stop)
    {
        // A run and a child of it may ask at one time.
        var making = _making.GetOrAdd(run.Info.RunId, id => new(() => FindOrMake(run, stop)));
        try
        {
            return await making.Value;
        }
        finally
        {
            _making.TryRemove(run.Info.RunId, out _);
        }
    }

    /// <summary>The id of the copy of a run that another one refers to; null when it is not to be had.</summary>
    public async Task<string?> IdOf(string id, CancellationToken stop)
    {
        if (journal.CopyOf(id) is { } known)
            return known;
        return await source.Run(id, stop) is { } run && places.ContainsKey(run.Info.ExperimentId) ? (await Of(run, stop)).Id : null;
    }

    private async Task<RunCopy> FindOrMake(FoundRun run, CancellationToken stop)
    {
        var info = run.Info;
        var place = places[info.ExperimentId];
        if ((journal.CopyOf(info.RunId) is { } noted ? await target.Run(noted, stop) : place.New ? null : await Tagged(info.RunId, place.Id, stop)) is { } present)
        {
            journal.Created(info.RunId, present.Info.RunId);
            return new(present, New: false);
        }

        var made = await target.Server.Send<RunAnswer>(
            HttpMethod.Post,
            target.Api + "runs/create",
            new
            {
                experiment_id = place.Id,
                run_name = CopyRun.NameOf(run),
                user_id = info.UserId,
                start_time = info.StartTime,
                tags = (Pair[])[new(ImportedFrom, info.RunId), new(State, "unfinished"), .. (run.Data?.Tags ?? []).Where(tag => !IsPlain(tag.Key))],
            },
            string.Create(CultureInfo.InvariantCulture, $"mll-import {source.Name} {info.RunId} {place.Id}"),
            stop);
        journal.Created(info.RunId, made.Run.Info.RunId);
        return new(made.Run, New: true);
    }

    // A run may begin with tags of names that it is not given later.
    private static bool IsPlain(string key) => Plain.IsMatch(key) && key.Split('/').All(part => part is not ("" or "." or ".."));

    private async Task<FoundRun?> Tagged(string id, string experiment, CancellationToken stop) => (await target.Server.Send<RunPage>(
        HttpMethod.Post,
        target.Api + "runs/search",
        new { experiment_ids = (string[])[experiment], run_view_type = "ALL", max_results = 1, filter = $"tags.`{ImportedFrom}` = '{id}'" },
        null,
        stop)).Runs is [var found, ..] ? found : null;
}
