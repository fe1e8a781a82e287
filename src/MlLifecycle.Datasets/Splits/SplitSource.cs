using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Versions;
using MlLifecycle.ServiceDefaults.Decisions;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Datasets.Splits;

/// <summary>The file a split is made of.</summary>
/// <param name="Labels">Of images: the file with their labels.</param>
/// <param name="LabelColumn">Of a table: the column of the label.</param>
/// <param name="Tags">Of a table: the columns of the tags.</param>
public sealed record SplitSource(string Path, string Digest, string? Labels, string? LabelsDigest, string? LabelColumn, IReadOnlyList<string> Tags)
{
    public FileKind Kind => FileKinds.Of(Path);

    /// <summary>Finds the file, and its labels, in the version.</summary>
    public static Refusal? Of(ObjectStore objects, AddressedVersion version, SplitVersion split, out SplitSource? source)
    {
        source = null;
        var manifest = version.Version.Manifest;
        var path = split.Path;
        if (path is null)
        {
            // Labels of images are no source of their own.
            var candidates = Manifest.Read(objects, manifest).Where(f => FileKinds.Of(f.Path) != FileKind.Opaque && !(FileKinds.Of(f.Path) == FileKind.Idx && IsLabels(f.Path)))
                .Select(f => f.Path).Take(11).ToList();
            if (candidates.Count != 1)
            {
                return InvalidInput("path", candidates.Count == 0
                    ? "is missing, and the version has no table or IDX file of images."
                    : $"is missing; name one of {string.Join(", ", candidates.Take(10))}{(candidates.Count > 10 ? ", …" : ".")}");
            }

            path = candidates[0];
        }

        if (FilePath.Check(path) is { } badPath)
            return badPath;
        if (Manifest.Find(objects, manifest, path) is not { } file)
            return Missing("path", version, path);
        var kind = FileKinds.Of(path);
        if (kind == FileKind.Opaque)
            return InvalidInput("path", $"names neither a table nor an IDX file: '{path}'.");
        if (kind == FileKind.Idx)
            return OfIdx(objects, version, split, file, out source);
        if (split.Labels is not null)
            return InvalidInput("labels", "goes with IDX images; name the label of a table with labelColumn.");
        source = new(path, file.Digest, null, null, split.LabelColumn ?? version.Dataset.Label?.Column, split.Tags ?? []);
        return null;
    }

    private static Refusal? OfIdx(ObjectStore objects, AddressedVersion version, SplitVersion split, ManifestEntry images, out SplitSource? source)
    {
        source = null;
        if (split.LabelColumn is not null)
            return InvalidInput("labelColumn", "goes with tables; name the labels of IDX images with labels.");
        if (split.Tags is { Count: > 0 })
            return InvalidInput("tags", "are columns of a table; IDX images have none.");
        if (FilePath.Check(split.Labels ?? images.Path) is not null)
            return InvalidInput("labels", "is not a path of this dataset.");
        var labels = Manifest.Find(objects, version.Version.Manifest, split.Labels ?? FileKinds.LabelsOf(images.Path));
        if (labels is null && split.Labels is not null)
            return Missing("labels", version, split.Labels);
        if (labels?.Path == images.Path)
            labels = null;
        source = new(images.Path, images.Digest, labels?.Path, labels?.Digest, null, []);
        return null;
    }

    private static bool IsLabels(string path) => FileName(path).Contains("labels", StringComparison.OrdinalIgnoreCase) || FileName(path).Contains("idx1", StringComparison.OrdinalIgnoreCase);

    private static string FileName(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static Refusal Missing(string field, AddressedVersion version, string path) =>
        new(404, "file-unknown", $"Version {version.Version.Number} of '{version.Dataset.Name}' has no file '{path}'.") { Field = field };
}
