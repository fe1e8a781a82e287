using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace MlLifecycle.Samples.FashionMnist;

/// <summary>An evaluation of a model on the development images.</summary>
internal sealed record Evaluation(string Id, string Name, double Accuracy);

/// <summary>Error analysis: where the model errs, what that costs, and what to work on first.</summary>
internal static class Analysis
{
    /// <summary>Uploads what the model makes of the development images, each with its tags.</summary>
    public static async Task<Evaluation> Of(Suite suite, Trained trained, Images images, int[] dev, IReadOnlyList<Seen> devSeen, DataVersion data, CancellationToken stop)
    {
        var name = $"{trained.Run.Name} on dev, run {trained.Run.Id[^8..]}";
        Say.Step("Error analysis", $"evaluation '{name}': {dev.Length} development images");
        var judged = await Task.Run(() => trained.Model.Judge(devSeen), stop).WaitAsync(stop);
        var table = Table(images, dev, judged);
        var query = $"name={Uri.EscapeDataString(name)}&run={trained.Run.Id}&dataset={data.Dataset}&version={data.Number}";
        var evaluation = await suite.Upload(HttpMethod.Post, $"{suite.Path("evaluations")}?{query}", new MemoryStream(Encoding.UTF8.GetBytes(table)), "text/csv", stop);
        var id = evaluation.The("id");
        Say.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{evaluation.Number("errors"):0} of {evaluation.Number("examples"):0} wrong: accuracy {evaluation.Number("accuracy"):0.0000}, {evaluation.Number("tagCount"):0} tags"));
        Say.See(suite.Page($"evaluations/{id}"));
        return new(id, name, evaluation.Number("accuracy"));
    }

    /// <summary>Says what is known of each tag, and answers with the one that is worth working on first and whether it is still open.</summary>
    public static async Task<(string Tag, bool Open)> Prioritized(Suite suite, Evaluation evaluation, CancellationToken stop)
    {
        var tags = await suite.Get(Path(suite, evaluation, "tags?limit=200"), stop);
        foreach (var tag in tags.Items().Select(row => row.The("tag")))
            await suite.Put(TagPath(suite, evaluation, tag), Appraisal(tag), stop);

        var priorities = await suite.Get(Path(suite, evaluation, "priorities"), stop);
        Say.Rows(
            ["Tag", "score", "room", "of all images", "gain"],
            priorities.Items().Take(6).Select(row => new[]
            {
                row.The("tag"), Figure(row.Number("score"), "0.00"), Figure(row.NumberOrNone("room"), "0.0%"), Figure(row.Number("prevalence"), "0.0%"), Figure(row.NumberOrNone("gain"), "0.00%"),
            }));
        var worst = priorities.Items().First();
        var name = worst.The("tag");
        Say.Line(worst.The("reason"));
        if (worst.Text("priority") is not null)
            return (name, worst["open"]!.GetValue<bool>()); // decided on before
        await suite.Put(TagPath(suite, evaluation, name), new { priority = "high", open = true, notes = "First in the order of priorities: the most to gain." }, stop);
        Say.Line($"Tag {name} is of high priority and open.");
        return (name, true);
    }

    /// <summary>Compares two evaluations, shows what changed, and answers with the row of one tag.</summary>
    public static async Task<JsonNode> Compared(Suite suite, Evaluation before, Evaluation after, string tag, CancellationToken stop)
    {
        Say.Step("Error analysis", $"'{after.Name}' against '{before.Name}'");
        var comparison = await suite.Get(Path(suite, before, $"compare/{after.Id}"), stop);
        var rows = comparison.Items().Where(row => row["before"] is not null && row["after"] is not null).ToList();
        Say.Rows(
            ["Tag", "errors before", "after", "change", "p"],
            rows.OrderByDescending(row => Math.Abs(row.Number("errorRateChange"))).Take(8).Select(row => new[]
            {
                row.The("tag"), Figure(row["before"]!.Number("errorRate"), "0.0%"), Figure(row["after"]!.Number("errorRate"), "0.0%"),
                Figure(row.Number("errorRateChange"), "+0.0%;-0.0%"), Figure(row.NumberOrNone("pValue"), "0.000"),
            }));
        Say.Line(string.Create(
            CultureInfo.InvariantCulture, $"Accuracy {before.Accuracy:0.0000} -> {after.Accuracy:0.0000}; {comparison.Number("regressions"):0} tags got worse."));
        Say.See(suite.Page($"evaluations/{after.Id}?against={before.Id}"));
        return rows.First(row => row.Text("tag") == tag);
    }

    /// <summary>Closes the tag: it was worked on, and what came of it is said.</summary>
    public static async Task Closed(Suite suite, Evaluation evaluation, JsonNode change, Evaluation kept, CancellationToken stop)
    {
        var tag = change.The("tag");
        var (before, after) = (change["before"]!.Number("accuracy"), change["after"]!.Number("accuracy"));
        var beyondChance = change["significant"]!.GetValue<bool>() ? "beyond chance" : "within chance";
        var notes = string.Create(
            CultureInfo.InvariantCulture,
            $"Augmented and trained again: accuracy on the tag went from {before:0.0%} to {after:0.0%} ({beyondChance}). '{kept.Name}' is the better one overall and goes on; what is left is taken up when labels come back from production.");
        await suite.Put(TagPath(suite, evaluation, tag), new { open = false, notes }, stop);
        Say.Line($"Tag {tag} is closed. {notes}");
    }

    // People were measured over all classes only; that figure stands for each until somebody measures it by class.
    private static object Appraisal(string tag) => new
    {
        humanLevel = Scope.HumanLevel,
        ease = tag.StartsWith("class=", StringComparison.Ordinal) ? 0.7 : tag.StartsWith("brightness=", StringComparison.Ordinal) ? 0.5 : 0.3,
        importance = tag.Contains("Shirt", StringComparison.Ordinal) ? 0.9 : 0.5,
    };

    private static string Table(Images images, int[] rows, IReadOnlyList<Judged> judged)
    {
        var csv = new StringBuilder("id,label,prediction,score,class,brightness,tags");
        foreach (var name in Images.Classes)
            csv.Append(CultureInfo.InvariantCulture, $",p_{name}");
        csv.Append('\n');
        foreach (var (place, image) in rows.Index())
        {
            var (garment, answer) = (images.ClassOf(image), judged[place]);
            csv.Append(
                CultureInfo.InvariantCulture,
                $"{image},{garment},{Images.Classes[answer.Class]},{answer.Score[answer.Class]:0.####},{garment},{Tags.Band(images.Brightness(image))},{string.Join(';', Tags.PairsOf(garment))}");
            foreach (var probability in answer.Score)
                csv.Append(CultureInfo.InvariantCulture, $",{Math.Clamp(probability, 0, 1):0.####}");
            csv.Append('\n');
        }

        return csv.ToString();
    }

    private static string Path(Suite suite, Evaluation evaluation, string rest) => suite.Path($"evaluations/{evaluation.Id}/{rest}");

    private static string TagPath(Suite suite, Evaluation evaluation, string tag) => Path(suite, evaluation, $"tags/{Uri.EscapeDataString(tag)}");

    private static string Figure(double? number, string format) => number?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
