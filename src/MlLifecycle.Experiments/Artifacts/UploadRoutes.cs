using System.Globalization;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Artifacts;

internal sealed class UploadMessage
{
    /// <summary>The file's name, or its path on the client's machine; the directory it goes to is in the address.</summary>
    public string? Path { get; init; }

    public long? NumParts { get; init; }

    public string? UploadId { get; init; }

    public IReadOnlyList<PartMessage>? Parts { get; init; }
}

internal sealed class PartMessage
{
    public long? PartNumber { get; init; }

    public string? Etag { get; init; }
}

/// <summary>MLflow's multipart uploads over HTTP.</summary>
internal static class UploadRoutes
{
    public static IResult Create(string? path, Sent<UploadMessage> sent, Caller caller, HttpRequest request, Uploads uploads)
    {
        if (Target(path, sent.Message, out var target) is { } bad)
            return new Refused(bad);
        if (sent.Message.NumParts is not (>= 1 and <= Uploads.MostParts and var parts))
            return new Refused(Mlflow.Invalid($"Invalid value {sent.Message.NumParts?.ToString(CultureInfo.InvariantCulture) ?? "null"} for parameter 'num_parts' supplied: it must be between 1 and {Uploads.MostParts}."));
        var upload = uploads.Begin(caller.ProjectId, target, (int)parts);
        var origin = OriginOf(request);
        return Answer.Of(new
        {
            upload_id = upload.ToString("N"),
            Credentials = Enumerable.Range(1, (int)parts).Select(part => new
            {
                Url = string.Create(CultureInfo.InvariantCulture, $"{origin}{Uploads.PartsRoot}/{upload:N}/{part}/{uploads.KeyTo(upload, part)}"),
                part_number = part,
                Headers = new Dictionary<string, string>(),
            }),
        });
    }

    public static async Task<IResult> PutPart(string upload, int part, string key, HttpRequest request, HttpResponse response, Uploads uploads, CancellationToken cancellation)
    {
        if (!Guid.TryParseExact(upload, "N", out var id) || !uploads.Opens(key, id, part))
            return new Refused(new(403, "PERMISSION_DENIED", "This address opens no upload. Begin one, and send its parts to the addresses it is answered with."));
        if (await uploads.Put(id, part, request.BodyReader, cancellation) is not { } tag)
            return new Refused(Mlflow.Unknown("This upload is over: it was completed, aborted, or cleared away."));
        response.Headers.ETag = $"\"{tag}\"";
        return TypedResults.Ok();
    }

    public static async Task<IResult> Complete(string? path, Sent<UploadMessage> sent, Caller caller, Uploads uploads, CancellationToken cancellation)
    {
        if (Id(sent.Message, out var upload) is { } badId)
            return new Refused(badId);
        if (Target(path, sent.Message, out var target) is { } bad)
            return new Refused(bad);
        var parts = (sent.Message.Parts ?? []).Select(part => new UploadedPart((int)Math.Clamp(part.PartNumber ?? 0, 0, int.MaxValue), (part.Etag ?? "").Trim('"'))).ToList();
        return await uploads.Complete(caller.ProjectId, target, upload, parts, cancellation) is { } refusal ? new Refused(refusal) : Answer.Empty;
    }

    public static IResult Abort(string? path, Sent<UploadMessage> sent, Caller caller, Uploads uploads)
    {
        if (Id(sent.Message, out var upload) is { } badId)
            return new Refused(badId);
        if (Target(path, sent.Message, out var target) is { } bad)
            return new Refused(bad);
        return uploads.Abort(caller.ProjectId, target, upload) is { } refusal ? new Refused(refusal) : Answer.Empty;
    }

    private static Refusal? Target(string? directory, UploadMessage message, out string target)
    {
        // Python's client says where the file is on its own machine.
        var name = message.Path is { } local ? local[(local.AsSpan().LastIndexOfAny('/', '\\') + 1)..] : "";
        target = ArtifactRoutes.Join(directory ?? "", name);
        return name.Length == 0 ? Mlflow.Missing("path") : ArtifactStore.Check(target);
    }

    private static Refusal? Id(UploadMessage message, out Guid upload)
    {
        upload = default;
        return string.IsNullOrEmpty(message.UploadId) ? Mlflow.Missing("upload_id")
            : Guid.TryParseExact(message.UploadId, "N", out upload) ? null
            : Mlflow.Unknown($"There is no upload with id={Mlflow.Quoted(message.UploadId)}.");
    }

    // The address by which the caller reached the suite: the Portal, which vouches for the caller, says so.
    private static string OriginOf(HttpRequest request)
    {
        var (scheme, host) = (request.Headers["X-Forwarded-Proto"].ToString(), request.Headers["X-Forwarded-Host"].ToString());
        return $"{(scheme is "http" or "https" ? scheme : request.Scheme)}://{(host.Length > 0 ? host : request.Host.ToString())}";
    }
}
