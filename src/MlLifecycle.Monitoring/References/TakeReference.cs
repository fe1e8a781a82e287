using Marten;
using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.Monitoring.Predictions;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Monitoring.References;

/// <summary>Takes a file of a dataset version as what production is compared with.</summary>
/// <param name="Dataset">The dataset's name.</param>
/// <param name="Version">The version's number.</param>
/// <param name="Path">The file; may be left out when the version has one table or image file only.</param>
public sealed record TakeReference(string Dataset, int Version, string? Path = null);

public sealed record ReferenceTaken(Guid DeploymentId, string Deployment, ReferenceSummary Reference, DateTimeOffset At, string By);

public static class TakeReferenceSlice
{
    public static Decision Decide(Deployment deployment, ReferenceSummary reference, DateTimeOffset now, string actor) =>
        Same(deployment.Reference, reference)
            ? Nothing // the same file again: a retry
            : Accept(new ReferenceTaken(deployment.Id, deployment.Name, reference, now, actor));

    public static async Task<IResult> Handle(
        string deployment, HttpRequest request, Caller caller, IDocumentSession session, IfMatch ifMatch, Spool spool, DatasetFiles datasets,
        ReferenceStore store, TimeProvider clock, CancellationToken ct)
    {
        if (await ReadDeployments.Find(session, caller, deployment, default, ct) is not { } found)
            return new Refused(Deployment.Unknown(deployment));
        var media = request.ContentType?.Split(';')[0].Trim().ToLowerInvariant();
        var (asked, path) = ((TakeReference?)null, (string?)null);
        Spooled? file;
        TableFormat? format;
        Refusal? refusal;
        if (media == "application/json")
        {
            asked = await request.ReadFromJsonAsync<TakeReference>(ct) ?? throw new BadHttpRequestException("The request has no body; this route takes a JSON object.");
            refusal = Fields.First(
                Fields.Text("dataset", asked.Dataset, 200),
                asked.Version < 1 ? InvalidInput("version", "must be the number of a dataset version, counted from 1.") : null,
                Fields.Text("path", asked.Path, 4000, required: false));
            if (refusal is not null)
                return new Refused(refusal);
            (file, path, format, refusal) = await datasets.Fetch(asked, caller, spool, ct);
        }
        else
        {
            format = TableFormats.OfMedia(media);
            if (format is null)
                return new Refused(new(415, "unsupported-media-type", "Send {\"dataset\": …, \"version\": …} as application/json, or the reference table itself as text/csv, application/x-ndjson or application/vnd.apache.parquet."));
            (file, refusal) = await spool.Receive(request.Body, ct);
        }

        if (file is null)
            return new Refused(refusal!);
        using var received = file;
        var (profile, malformed) = await Task.Run(() => (ReferenceReader.Read(received, format!.Value, out var bad, ct), bad), ct);
        if (profile is null)
            return new Refused(malformed!);
        var reference = profile.Summary(Guid.CreateVersion7(), received.Digest, asked?.Dataset, asked?.Version, path);
        if (!Same(found.Reference, reference))
            await store.Keep(reference.Id, profile, ct); // before the fact that names it
        var named = false;
        var answer = await ReadDeployments.Change(
            deployment, caller, session, ifMatch, d => Decide(d, reference, clock.GetUtcNow(), caller.Actor),
            d =>
            {
                named = d.Reference?.Id == reference.Id;
                return TypedResults.Ok(d.Reference);
            },
            ct);
        if (!named)
            await store.Forget(reference.Id, CancellationToken.None);
        return answer;
    }

    private static bool Same(ReferenceSummary? known, ReferenceSummary reference) =>
        known is not null && (known.Source, known.Dataset, known.Version, known.Path) == (reference.Source, reference.Dataset, reference.Version, reference.Path);
}
