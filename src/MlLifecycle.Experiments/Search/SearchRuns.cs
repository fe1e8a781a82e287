using System.Text.Json;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Search;

internal sealed class SearchRunsMessage
{
    public IReadOnlyList<string>? ExperimentIds { get; init; }

    public string? Filter { get; init; }

    public ViewType? RunViewType { get; init; }

    public long? MaxResults { get; init; }

    public IReadOnlyList<string>? OrderBy { get; init; }

    public string? PageToken { get; init; }
}

/// <summary>MLflow's runs/search.</summary>
internal static class SearchRunsSlice
{
    private const int Usual = 1000;
    private const int Most = 50_000;

    public static async Task<IResult> Handle(Sent<SearchRunsMessage> sent, Caller caller, RunSearch search, CancellationToken cancellation)
    {
        var message = sent.Message;
        var limit = message.MaxResults ?? Usual;
        if (Mlflow.CheckMaxResults(limit, Most) is { } beyond)
            return new Refused(beyond);
        var (refusal, page) = await search.Find(
            caller.ProjectId, message.ExperimentIds ?? [], message.Filter, message.RunViewType ?? ViewType.ActiveOnly, message.OrderBy ?? [], limit, message.PageToken, cancellation);
        return refusal is not null ? new Refused(refusal) : new RunsAnswer(page);
    }
}

/// <summary>A run that a search found.</summary>
/// <param name="Key">Its key in the tables.</param>
/// <param name="Stamp">Of which moment it was.</param>
internal readonly record struct FoundRun(long Key, RunStamp Stamp);

/// <summary>A run that a search found, and where.</summary>
/// <param name="Run">The run.</param>
/// <param name="Place">A value for each term of the order.</param>
internal readonly record struct FoundRow(FoundRun Run, object[] Place);

/// <summary>A page's runs, in order, and where the next page begins.</summary>
/// <param name="Runs">The runs.</param>
/// <param name="Next">The token of the next page; null on the last.</param>
internal sealed record RunPage(IReadOnlyList<FoundRun> Runs, string? Next);

/// <summary>Finds runs.</summary>
internal sealed class RunSearch(NpgsqlDataSource source, ExperimentRows experiments)
{
    public Patience Patience { get; init; } = Patience.Usual;

    public async Task<(Refusal? Refusal, RunPage Page)> Find(
        Guid project,
        IReadOnlyList<string> experimentIds,
        string? filter,
        ViewType view,
        IReadOnlyList<string> order,
        long limit,
        string? pageToken,
        CancellationToken cancellation)
    {
        var none = new RunPage([], null);
        if (SearchWords.Read(filter, order, Vocabulary.Runs, out var clauses, out var orders) is { } wrong)
            return (wrong, none);
        var query = new RunQuery(await experiments.FindAll(project, experimentIds, cancellation), view, clauses, orders, Patience);
        var search = PageToken.Fingerprint([filter, view.ToString(), .. order, "", .. experimentIds.Order(StringComparer.Ordinal)]);
        if (PageToken.Decode(pageToken, search, phase => phase < query.Phases ? query.Terms(phase).Count : -1, out var token) is { } badToken)
            return (badToken, none);

        var found = new List<FoundRun>();
        PageToken? last = null;
        var rare = await query.Rare(source, cancellation);
        for (var phase = token?.Phase ?? 0; phase < query.Phases && found.Count <= limit; phase++)
        {
            var (after, wanted) = (token?.Phase == phase ? token : null, limit + 1 - found.Count);
            var rows = (rare is null ? await query.Walk(source, phase, after, wanted, cancellation) : null) ?? await query.Read(source, phase, after, wanted, rare, cancellation);
            if (rows is null)
                return (Mlflow.Invalid("Invalid page token."), none);
            foreach (var row in rows)
            {
                found.Add(row.Run);
                if (found.Count == limit)
                    last = new(search, phase, [.. row.Place.Select(value => JsonSerializer.SerializeToElement(value))]);
            }
        }

        return (null, found.Count <= limit ? new(found, null) : new([.. found.Take((int)limit)], last?.Encode()));
    }
}

/// <summary>Answers a page of runs, a few hundred at a time, so that the largest page takes no more memory than a small one.</summary>
internal sealed class RunsAnswer(RunPage page) : IResult
{
    private const int AtATime = 500;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var rendered = httpContext.RequestServices.GetRequiredService<RenderedRuns>();
        var response = httpContext.Response;
        response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(response.BodyWriter, WriterOptions.Relaxed);
        json.WriteStartObject();
        if (page.Runs.Count > 0)
        {
            json.WriteStartArray("runs");
            foreach (var runs in page.Runs.Chunk(AtATime))
            {
                foreach (var run in await rendered.Many(runs, httpContext.RequestAborted))
                    json.WriteRawValue(run, skipInputValidation: true);
                await json.FlushAsync(httpContext.RequestAborted);
            }

            json.WriteEndArray();
        }

        if (page.Next is not null)
            json.WriteString("next_page_token", page.Next);
        json.WriteEndObject();
    }
}
