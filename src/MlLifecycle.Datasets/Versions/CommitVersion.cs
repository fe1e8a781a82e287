using Marten;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Staging;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Datasets.Versions;

/// <summary>Freezes a dataset's staged files, laid over its head, as its next version, named by the digest of its manifest.</summary>
/// <param name="Base">The head the manifest was made over.</param>
/// <param name="Manifest">The digest of the manifest.</param>
/// <param name="Request">Tells a retry of this request from another one; null when the caller gave no <c>Idempotency-Key</c>.</param>
public sealed record CommitVersion(string? Base, string Manifest, long Files, long Bytes, string Message, Guid? Request = null);

/// <param name="Request">Of the command.</param>
public sealed record VersionCommitted(
    Guid DatasetId, string Dataset, int Number, string Manifest, int? Parent, long Files, long Bytes, string Message, DateTimeOffset At, string By, Guid? Request = null);

/// <summary>The request's body.</summary>
public sealed record CommitRequest(string Message);

public static class CommitVersionSlice
{
    private const string HeadMoved = "head-moved";

    public static Decision Decide(Dataset dataset, CommitVersion commit, DateTimeOffset now, string actor) => dataset switch
    {
        { Registered: false } => Dataset.Unknown(dataset.Name),
        _ when Fields.Text("message", commit.Message) is { } refusal => refusal,
        _ when dataset.Head?.Manifest == commit.Manifest => Nothing, // the same content again: a retry, not news
        _ when dataset.Head?.Manifest != commit.Base => Refuse(409, HeadMoved, "Another version was committed at the same moment. Commit again."),
        { Head: null } when commit.Files == 0 => Refuse(409, "nothing-staged", "Stage at least one file (PUT .../staging/{path}) before the first commit."),
        _ => Accept(new VersionCommitted(
            dataset.Id, dataset.Name, dataset.Versions + 1, commit.Manifest, dataset.Head?.Number, commit.Files, commit.Bytes, commit.Message, now, actor, commit.Request)),
    };

    public static async Task<IResult> Handle(
        string dataset, CommitRequest request, Caller caller, IDocumentStore store, StagingArea staging, ObjectStore objects, TimeProvider clock, IfMatch ifMatch,
        CancellationToken ct)
    {
        if (Fields.Text("message", request.Message) is { } refusal)
            return new Refused(refusal);
        Guid? key = caller.IdempotencyKey is null ? null : caller.NewId($"version of {dataset}");
        for (var attempt = 1; ; attempt++)
        {
            await using var session = store.LightweightSession(); // one that has lost a race remembers the state it lost with
            if (await session.FindDataset(caller, dataset, ct) is not { } found)
                return new Refused(Dataset.Unknown(dataset));
            // What was staged since the first answer is not the retry's to commit.
            if (key is not null && await session.Query<DatasetVersion>().FirstOrDefaultAsync(v => v.DatasetId == found.Id && v.Committed.Request == key, ct) is { } first)
                return Created(first.Committed);
            await using var frozen = await staging.Freeze(found.Id, ct);
            var head = found.Head?.Manifest;
            var manifest = await Manifest.Write(objects, Overlay.Apply(Manifest.Read(objects, head), frozen.Files(ct)), ct);
            var commit = new CommitVersion(head, manifest.Digest, manifest.Files, manifest.Bytes, request.Message, key);
            var outcome = await session.Decide<Dataset>(
                found.Id, caller.Origin, d => Decide(d, commit, clock.GetUtcNow(), caller.Actor), ct, ifMatch, (s, d) => frozen.Forget(s));
            if (outcome.Refusal?.Code == HeadMoved && attempt == 1)
                continue;
            if (outcome is { Refusal: null, Appended: [] })
                await frozen.Forget(ct); // what was staged is what the head has
            return outcome.ToResult(d => Created(d.Head!));
        }

        IResult Created(VersionCommitted version) =>
            TypedResults.Created($"/api/projects/{caller.Project}/datasets/{version.Dataset}/versions/{version.Number}", VersionView.Of(version));
    }
}
