using System.Text.Json;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Tables;

namespace MlLifecycle.Datasets.Profiles;

/// <summary>Profiles of contents, made once: a digest always has the same profile. They can be thrown away at any time.</summary>
public sealed class ProfileStore(ObjectStore objects, HeavyWork heavy)
{
    // Part of the cached file's name: raised when profiles change what they say.
    private const int Edition = 1;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <exception cref="InvalidDataException">The content is not what the path's name says it is.</exception>
    public async Task<Profile> Of(string path, string digest, CancellationToken ct)
    {
        var kind = FileKinds.Of(path);
        var cached = Path.Combine(objects.Root, "profiles", digest[..2], $"{digest[2..]}.{kind}.{Edition}.json");
        return await Cached(cached, path, ct) ?? await heavy.Run(() => Make(path, digest, kind, cached, ct), ct);
    }

    private static async Task<Profile?> Cached(string cached, string path, CancellationToken ct)
    {
        if (!File.Exists(cached))
            return null;
        await using var file = File.OpenRead(cached);
        return await JsonSerializer.DeserializeAsync<Profile>(file, Json, ct) is { } profile ? profile with { Path = path } : null;
    }

    private Profile Make(string path, string digest, FileKind kind, string cached, CancellationToken ct)
    {
        Profile profile;
        if (kind == FileKind.Idx)
        {
            profile = IdxProfile.Of(path, objects.Open(digest), ct);
        }
        else
        {
            using var table = TableFile.Open(objects, digest, kind, asText: false, ct);
            profile = TableProfile.Of(path, table, kind);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(cached)!);
        var whole = $"{cached}.{Guid.CreateVersion7():N}";
        File.WriteAllBytes(whole, JsonSerializer.SerializeToUtf8Bytes(profile, Json));
        File.Move(whole, cached, overwrite: true);
        return profile;
    }
}
