using System.Buffers;
using Marten;
using Microsoft.AspNetCore.Http.Features;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Versions;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Datasets.Staging;

public sealed record StagedView(string Path, string Digest, long Bytes, bool Deduplicated);

public sealed record StagedChangeView(string Path, string? Digest, long Bytes, string Change);

/// <summary>Puts files on, and takes them off, the next version.</summary>
public static class StageFileSlice
{
    // Large enough that hashing and writing outweigh the calls, small enough for many uploads at once.
    private const int Chunk = 1 << 18;
    private const int NoSpace = 28; // ENOSPC

    public static async Task<IResult> Put(
        string dataset, string? path, HttpRequest request, Caller caller, IQuerySession session, StagingArea staging, ObjectStore objects, CancellationToken ct)
    {
        if (FilePath.Check(path, RawTarget(request)) is { } badPath)
            return new Refused(badPath);
        if (Digest.Expected(request.Headers, out var expected) is { } badDigest)
            return new Refused(badDigest);
        if (await session.FindDataset(caller, dataset, ct) is not { } found)
            return new Refused(Dataset.Unknown(dataset));

        using var content = objects.Begin();
        if (await Receive(request, content, ct) is { } broken)
            return new Refused(broken);
        if (content.Length == 0)
            return new Refused(new(400, "empty-upload", $"The upload of '{path}' has no content. Send the file as the request's body.") { Field = "path" });
        if (expected is not null && content.Seal() != expected)
            return new Refused(new(400, "digest-mismatch", $"The upload of '{path}' has the SHA-256 {content.Seal()}, not {expected} as its header says. It was not kept; send it again."));
        var stored = content.Keep();
        await staging.Put(found.Id, new(path!, stored.Digest, stored.Bytes), ct);
        return TypedResults.Ok(new StagedView(path!, stored.Digest, stored.Bytes, stored.Deduplicated));
    }

    /// <summary>The next version will not have the file: takes back its addition, or stages its deletion.</summary>
    public static async Task<IResult> Delete(
        string dataset, string? path, HttpRequest request, Caller caller, IQuerySession session, StagingArea staging, ObjectStore objects, CancellationToken ct)
    {
        if (FilePath.Check(path, RawTarget(request)) is { } badPath)
            return new Refused(badPath);
        if (await session.FindDataset(caller, dataset, ct) is not { } found)
            return new Refused(Dataset.Unknown(dataset));
        if (Manifest.Find(objects, found.Head?.Manifest, path!) is not null)
            await staging.Put(found.Id, new(path!, null, 0), ct);
        else if (!await staging.Remove(found.Id, path!, ct))
            return new Refused(new(404, "file-unknown", $"'{path}' is neither staged nor in the latest version of '{dataset}'."));
        return TypedResults.NoContent();
    }

    public static async Task<IResult> List(
        string dataset, Caller caller, IQuerySession session, StagingArea staging, ObjectStore objects, int? limit, string? after, CancellationToken ct)
    {
        if (Cursor.Decode<string>(after, out var last) is { } refusal)
            return new Refused(refusal);
        if (await session.FindDataset(caller, dataset, ct) is not { } found)
            return new Refused(Dataset.Unknown(dataset));
        var take = Cursor.Limit(limit);
        var items = new List<StagedChangeView>();
        await foreach (var file in staging.Read(found.Id, last, ct))
        {
            var below = Manifest.Find(objects, found.Head?.Manifest, file.Path);
            if (Overlay.Change(below, file) is not { } change)
                continue;
            items.Add(new(file.Path, file.Digest ?? below?.Digest, file.Digest is null ? below?.Bytes ?? 0 : file.Bytes, change));
            if (items.Count > take)
                break;
        }

        return TypedResults.Ok(Page.Of(items, take, item => item.Path));
    }

    internal static string? RawTarget(HttpRequest request) => request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget;

    private static async Task<Refusal?> Receive(HttpRequest request, ObjectStream content, CancellationToken ct)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        var (received, filled) = (0L, 0);
        try
        {
            int read;
            do
            {
                read = await request.Body.ReadAsync(buffer.AsMemory(filled), ct);
                received += read;
                filled += read;
                if (filled == buffer.Length || read == 0)
                {
                    content.Write(buffer.AsSpan(0, filled));
                    filled = 0;
                }
            }
            while (read > 0);
            return request.ContentLength is { } announced && received != announced ? Truncated(received, announced) : null;
        }
        catch (BadHttpRequestException broken) when (broken.StatusCode == StatusCodes.Status400BadRequest)
        {
            return Truncated(received, request.ContentLength);
        }
        catch (IOException full) when (full.HResult == NoSpace)
        {
            return new(507, "storage-full", "The disk of the datasets service is full. Nothing was kept; make room and send the file again.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static Refusal Truncated(long received, long? announced) => new(
        400,
        "upload-truncated",
        $"The upload ended early: {received} bytes arrived{(announced is null ? "" : $" of the {announced} announced")}. Nothing was kept; send the file again.");
}
