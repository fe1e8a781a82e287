using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MlLifecycle.Datasets.Examples;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Tables;
using MlLifecycle.Datasets.Versions;
using MlLifecycle.ServiceDefaults.Decisions;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;
using static System.FormattableString;

namespace MlLifecycle.Datasets.Splits;

/// <summary>Reads the examples of a source, assigns them to parts and keeps the parts' row indices in the object store.</summary>
public static class MakeSplit
{
    public const string Balanced = "balanced";
    public const string Random = "random";

    /// <summary>Up to here data is small, and chance alone would not keep its distribution.</summary>
    public const int Small = 10_000;

    private const int ShownValues = 100;
    private const int MostClasses = 1000;

    /// <exception cref="InvalidDataException">The source cannot be read.</exception>
    public static (SplitMade? Made, Refusal? Refusal) Of(
        ObjectStore objects, AddressedVersion version, SplitSource source, SplitVersion split, DateTimeOffset now, string actor, CancellationToken ct)
    {
        if (Examples(objects, source, ct, out var examples) is { } unread)
            return (null, unread);
        var size = examples!.Count;
        if (size < Assign.Parts)
            return (null, InvalidInput("path", $"names a source of {size} examples; a split takes at least {Assign.Parts}."));
        var fitting = size <= Small ? Balanced : Random;
        var method = split.Method ?? fitting;
        if (Shares.Of(split.Train, split.Dev, split.Test, method == Balanced ? Shares.Small : Shares.Big, out var shares) is { } badShares)
            return (null, badShares);
        var classes = Classes.Of(examples);
        if (method == Balanced && Unbalanceable(source, classes) is { } unbalanceable)
            return (null, unbalanceable);

        var parts = method == Balanced ? Assign.Balanced(examples, classes.Ranks(examples), shares, split.Seed) : Assign.Random(examples, shares, split.Seed);
        var counts = new long[Assign.Parts];
        foreach (var part in parts)
            counts[part]++;
        var files = Enumerable.Range(0, Assign.Parts).Select(part => Keep(objects, parts, part)).ToArray();
        return (new(
            IdOf(version, source, method, split.Seed, shares), version.Dataset.Id, version.Dataset.Name, version.Version.Number, source, method, split.Seed, shares, method == fitting,
            Reason(method, fitting, size), new(counts[0], counts[1], counts[2]), new(files[0], files[1], files[2]), Distribution(examples, classes, parts), examples.Duplicates(),
            now, actor), null);
    }

    /// <summary>Reads the examples of a source.</summary>
    public static Refusal? Examples(ObjectStore objects, SplitSource source, CancellationToken ct, out ExampleSet? examples)
    {
        examples = null;
        if (source.Kind == FileKind.Idx)
        {
            examples = ExampleSet.Of(ReadExamples.OfIdx(objects.Open(source.Digest), source.LabelsDigest is { } labels ? objects.Open(labels) : null, source.Labels ?? ""));
            return null;
        }

        using var table = TableFile.Open(objects, source.Digest, source.Kind, asText: true, ct);
        table.RequireAllRows();
        if (source.LabelColumn is { } label && Column(table, "labelColumn", source.Path, label) is { } noLabel)
            return noLabel;
        for (var i = 0; i < source.Tags.Count; i++)
        {
            if (Column(table, $"tags[{i}]", source.Path, source.Tags[i]) is { } noTag)
                return noTag;
        }

        examples = ExampleSet.Of(ReadExamples.OfTable(table, source.LabelColumn, source.Tags));
        return null;
    }

    private static Refusal? Column(TableFile table, string field, string path, string column) => table.Columns.Any(c => c.Name == column)
        ? null
        : InvalidInput(field, $"names no column of '{path}': '{column}'. It has {string.Join(", ", table.Columns.Take(50).Select(c => c.Name))}.");

    private static Refusal? Unbalanceable(SplitSource source, Classes classes)
    {
        var field = source.Kind == FileKind.Idx ? "labels" : "labelColumn";
        if (classes.Names is [Classes.None] && source.Tags.Count == 0)
            return InvalidInput(field, "is needed for a balanced split: it keeps the label's distribution. Or ask for the method random.");
        return classes.Names.Count > MostClasses
            ? InvalidInput(field, $"has {classes.Names.Count} different values; a balanced split takes at most {MostClasses}. Or ask for the method random.")
            : null;
    }

    private static string Reason(string method, string fitting, int size) => (method == fitting, method) switch
    {
        (true, Balanced) => Invariant($"{size} examples are few: each part keeps the distribution of the label, which chance alone would not."),
        (true, _) => Invariant($"{size} examples are many: a random split keeps the distribution by itself."),
        (false, Balanced) => Invariant($"{size} examples are many: a random split is the usual way, a balanced one does no harm."),
        _ => Invariant($"{size} examples are few: a random split can distort the distribution. Up to {Small} examples a balanced one is right."),
    };

    private static List<SplitLine> Distribution(ExampleSet examples, Classes classes, byte[] parts)
    {
        if (classes.Names is [Classes.None])
            return [];
        var counts = new long[classes.Names.Count, Assign.Parts];
        for (var i = 0; i < parts.Length; i++)
            counts[classes.Of(examples, i), parts[i]]++;
        var lines = classes.Names.Select((name, c) => new SplitLine(name, counts[c, 0], counts[c, 1], counts[c, 2])).ToList();
        return lines.Count <= ShownValues ? lines : [.. lines.OrderByDescending(l => l.Train + l.Dev + l.Test).Take(ShownValues)];
    }

    private static string Keep(ObjectStore objects, byte[] parts, int part)
    {
        using var writer = objects.Begin();
        using (var text = new StreamWriter(writer, new UTF8Encoding(false), 1 << 16, leaveOpen: true))
        {
            for (var i = 0; i < parts.Length; i++)
            {
                if (parts[i] != part)
                    continue;
                text.Write(i.ToString(CultureInfo.InvariantCulture));
                text.Write('\n');
            }
        }

        return writer.Keep().Digest;
    }

    private static Guid IdOf(AddressedVersion version, SplitSource source, string method, long seed, Shares shares)
    {
        var asked = JsonSerializer.SerializeToUtf8Bytes(new { version.Dataset.Id, version.Version.Number, source, method, seed, shares });
        return new Guid(SHA256.HashData(asked).AsSpan(0, 16), bigEndian: true);
    }
}
