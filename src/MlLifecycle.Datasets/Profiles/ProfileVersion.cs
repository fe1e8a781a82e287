using Marten;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Versions;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Datasets.Profiles;

/// <summary>What the readable files of a version hold: one of them, or a page of all.</summary>
public static class ProfileVersion
{
    public static async Task<IResult> Handle(
        string dataset, string reference, string? path, Caller caller, IQuerySession session, ObjectStore objects, ProfileStore profiles, At at, int? limit,
        string? after, CancellationToken ct)
    {
        if (Cursor.Decode<string>(after, out var last) is { } badCursor)
            return new Refused(badCursor);
        var (found, refusal) = await session.FindVersion(caller, dataset, reference, at, ct);
        if (refusal is not null)
            return new Refused(refusal);
        return path is null ? TypedResults.Ok(await All(found!.Version, objects, profiles, last, Cursor.Limit(limit, usual: 20, most: 100), ct)) : await One(found!, path, objects, profiles, ct);
    }

    private static async Task<IResult> One(AddressedVersion found, string path, ObjectStore objects, ProfileStore profiles, CancellationToken ct)
    {
        if (FilePath.Check(path) is { } badPath)
            return new Refused(badPath);
        if (Manifest.Find(objects, found.Version.Manifest, path) is not { } file)
            return new Refused(new(404, "file-unknown", $"Version {found.Version.Number} of '{found.Dataset.Name}' has no file '{path}'."));
        if (FileKinds.Of(path) == FileKind.Opaque)
        {
            return new Refused(Decision.InvalidInput(
                "path", $"names a file without a profile: '{path}' is none of .csv, .tsv (also .gz), .parquet, or IDX as in train-images-idx3-ubyte.gz."));
        }

        try
        {
            return TypedResults.Ok(await profiles.Of(path, file.Digest, ct));
        }
        catch (InvalidDataException unreadable)
        {
            return new Refused(Unreadable(path, unreadable));
        }
    }

    private static async Task<Page<Profile>> All(VersionCommitted version, ObjectStore objects, ProfileStore profiles, string? after, int take, CancellationToken ct)
    {
        var files = Manifest.Read(objects, version.Manifest, after).Where(file => FileKinds.Of(file.Path) != FileKind.Opaque).Take(take + 1).ToList();
        var page = Page.Of(files, take, file => file.Path);
        var items = new List<Profile>();
        foreach (var file in page.Items)
        {
            try
            {
                items.Add(await profiles.Of(file.Path, file.Digest, ct));
            }
            catch (InvalidDataException unreadable)
            {
                items.Add(new(file.Path, FileKinds.Of(file.Path).ToString().ToLowerInvariant(), 0, []) { Problem = Unreadable(file.Path, unreadable).Detail });
            }
        }

        return new(items, page.Next);
    }

    internal static Refusal Unreadable(string path, InvalidDataException problem) =>
        new(400, "file-unreadable", $"'{path}' cannot be read: {problem.Message}") { Field = "path" };
}
