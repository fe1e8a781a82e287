using Marten;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Staging;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Datasets.Versions;

public static class ReadFiles
{
    private static readonly FileExtensionContentTypeProvider ContentTypes = new()
    {
        Mappings =
        {
            [".csv"] = "text/csv; charset=utf-8",
            [".tsv"] = "text/tab-separated-values; charset=utf-8",
            [".jsonl"] = "application/x-ndjson",
            [".ndjson"] = "application/x-ndjson",
            [".md"] = "text/markdown; charset=utf-8",
            [".txt"] = "text/plain; charset=utf-8",
            [".parquet"] = "application/vnd.apache.parquet",
            [".gz"] = "application/gzip",
            [".yaml"] = "application/yaml",
            [".yml"] = "application/yaml",
        },
    };

    public static async Task<IResult> List(
        string dataset, string reference, Caller caller, IQuerySession session, ObjectStore objects, At at, int? limit, string? after, CancellationToken ct)
    {
        if (Cursor.Decode<string>(after, out var last) is { } badCursor)
            return new Refused(badCursor);
        var (found, refusal) = await session.FindVersion(caller, dataset, reference, at, ct);
        if (refusal is not null)
            return new Refused(refusal);
        var take = Cursor.Limit(limit);
        return TypedResults.Ok(Page.Of([.. Manifest.Read(objects, found!.Version.Manifest, last).Take(take + 1)], take, file => file.Path));
    }

    /// <summary>A file's bytes as the version has them; ranges and <c>If-None-Match</c> are answered.</summary>
    public static async Task<IResult> One(
        string dataset, string reference, string? path, HttpContext http, Caller caller, IQuerySession session, ObjectStore objects, At at, CancellationToken ct)
    {
        if (FilePath.Check(path, StageFileSlice.RawTarget(http.Request)) is { } badPath)
            return new Refused(badPath);
        var (found, refusal) = await session.FindVersion(caller, dataset, reference, at, ct);
        if (refusal is not null)
            return new Refused(refusal);
        if (Manifest.Find(objects, found!.Version.Manifest, path!) is not { } file)
            return new Refused(new(404, "file-unknown", $"Version {found.Version.Number} of '{dataset}' has no file '{path}'."));

        // Data of anyone's making, on the console's origin: never rendered as a page, never guessed at.
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        return TypedResults.PhysicalFile(
            objects.PathOf(file.Digest),
            ContentTypes.TryGetContentType(file.Path, out var type) ? type : "application/octet-stream",
            Path.GetFileName(file.Path),
            entityTag: new EntityTagHeaderValue($"\"{file.Digest}\""),
            enableRangeProcessing: true);
    }
}
