using MlLifecycle.Datasets.Examples;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Tables;
using MlLifecycle.Datasets.Versions;

namespace MlLifecycle.Datasets.Checks;

/// <summary>A file of the version could not be read.</summary>
public sealed class UnreadableFileException(string path, InvalidDataException problem) : Exception(problem.Message, problem)
{
    public string Path => path;

    public InvalidDataException Problem => problem;
}

/// <summary>Reads every example of a version once and judges what it has seen.</summary>
public static class RunChecks
{
    private const string DefaultLabel = "label";

    /// <exception cref="UnreadableFileException">A table or IDX file is not what its name says.</exception>
    public static IReadOnlyList<VersionChecked> On(ObjectStore objects, AddressedVersion version, DateTimeOffset now, string actor, CancellationToken ct)
    {
        var files = Manifest.Read(objects, version.Version.Manifest).Where(f => FileKinds.Of(f.Path) != FileKind.Opaque).ToDictionary(f => f.Path);
        var found = new CaseCounts(version.Dataset.Cases);
        var consistency = new Consistency();
        foreach (var file in files.Values)
        {
            ct.ThrowIfCancellationRequested();
            try
            {
                if (FileKinds.Of(file.Path).IsTable())
                    LookAtTable(objects, file, version.Dataset.Label?.Column ?? DefaultLabel, found, consistency, ct);
                else
                    LookAtImages(objects, file, files, found, consistency);
            }
            catch (InvalidDataException problem)
            {
                throw new UnreadableFileException(file.Path, problem);
            }
        }

        if (files.Count == 0)
            LookAtFolders(Manifest.Read(objects, version.Version.Manifest), found, consistency);
        return [.. Verdicts.Of(version.Dataset.Cases, found, consistency)
            .Select(v => new VersionChecked(version.Dataset.Id, version.Dataset.Name, version.Version.Number, v.Check, v.Passed, v.Summary, v.Detail, consistency.Examples, now, actor))];
    }

    private static void LookAtTable(ObjectStore objects, ManifestEntry file, string label, CaseCounts found, Consistency consistency, CancellationToken ct)
    {
        using var table = TableFile.Open(objects, file.Digest, FileKinds.Of(file.Path), asText: true, ct);
        table.RequireAllRows();
        var columns = table.Columns.Select(c => c.Name).ToHashSet();
        found.Columns.UnionWith(columns);
        foreach (var (place, important) in found.Cases.Index().Where(c => columns.Contains(c.Item.Column)))
        {
            var column = TableFile.Quote(important.Column);
            found.Found[place] += table.Query($"SELECT count(*) FROM t WHERE coalesce({column}, '') = $1", important.Value).Select(r => r.GetInt64(0)).Single();
        }

        consistency.Look(file.Path, ReadExamples.OfTable(table, columns.Contains(label) ? label : null, []));
    }

    private static void LookAtImages(ObjectStore objects, ManifestEntry file, Dictionary<string, ManifestEntry> files, CaseCounts found, Consistency consistency)
    {
        if (!HoldsImages(objects, file))
            return; // labels are looked at with their images
        var labels = files.GetValueOrDefault(FileKinds.LabelsOf(file.Path)) is { } beside && beside.Path != file.Path ? beside : null;
        consistency.Look(
            file.Path,
            found.Counted(ReadExamples.OfIdx(objects.Open(file.Digest), labels is null ? null : objects.Open(labels.Digest), labels?.Path ?? ""), DefaultLabel));
    }

    private static void LookAtFolders(IEnumerable<ManifestEntry> files, CaseCounts found, Consistency consistency) =>
        consistency.Look("", found.Counted(ReadExamples.OfFolders(files), DefaultLabel));

    private static bool HoldsImages(ObjectStore objects, ManifestEntry file)
    {
        using var reader = Idx.IdxReader.Open(objects.Open(file.Digest));
        return reader.Shape.Images;
    }
}

/// <summary>How often each important case was met.</summary>
public sealed class CaseCounts(IReadOnlyList<ImportantCase> cases)
{
    public IReadOnlyList<ImportantCase> Cases => cases;

    public long[] Found { get; } = new long[cases.Count];

    /// <summary>The columns there are to tell cases by.</summary>
    public HashSet<string> Columns { get; } = [];

    /// <summary>Counts cases told by the label while the examples pass by.</summary>
    public IEnumerable<Example> Counted(IEnumerable<Example> examples, string label)
    {
        Columns.Add(label);
        var places = cases.Index().Where(c => c.Item.Column == label).ToLookup(c => c.Item.Value, c => c.Index);
        foreach (var example in examples)
        {
            if (places.Count > 0 && example.Label is { } value)
            {
                foreach (var place in places[value])
                    Found[place]++;
            }

            yield return example;
        }
    }
}
