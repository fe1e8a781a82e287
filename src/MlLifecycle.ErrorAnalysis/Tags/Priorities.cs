using System.Globalization;
using System.Text.Json.Serialization;
using Marten;
using MlLifecycle.ErrorAnalysis.Evaluations;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static System.FormattableString;

namespace MlLifecycle.ErrorAnalysis.Tags;

/// <summary>How much each consideration counts. Only their proportions matter.</summary>
public sealed record PriorityWeights(double Room, double Frequency, double Ease, double Importance)
{
    [JsonIgnore]
    public double Sum => Room + Frequency + Ease + Importance;
}

/// <summary>A tag's place in the order of work.</summary>
/// <param name="Score">0..1, the weighted mean of the four considerations.</param>
/// <param name="Room">Null while the human level is not known; the score then takes the error rate, the most it can be.</param>
/// <param name="Reason">The figures behind it, in words.</param>
public sealed record RankedTag(
    string Tag,
    double Score,
    int Rank,
    double? Room,
    double Prevalence,
    double? Gain,
    double? Ease,
    double? Importance,
    string? Priority,
    bool Open,
    string Reason);

public sealed record PriorityList(PriorityWeights Weights, IReadOnlyList<RankedTag> Items);

/// <summary>
/// What to work on first: how much room for improvement there is, how often the tag appears, how easy it is to improve, how important it is. Room
/// and frequency are taken relative to the largest in the table, so that each consideration spans 0..1; ease and importance count as 0.5 until
/// somebody has judged them.
/// </summary>
public static class Priorities
{
    private const double Unjudged = 0.5;

    public static IReadOnlyList<RankedTag> Rank(IReadOnlyList<TagRow> rows, PriorityWeights weights)
    {
        var mostRoom = rows.Select(MostRoom).DefaultIfEmpty().Max();
        var mostPrevalence = rows.Select(row => row.Prevalence).DefaultIfEmpty().Max();
        return
        [
            .. rows
                .Select(row => (Row: row, Score: Score(row, weights, mostRoom, mostPrevalence)))
                .OrderByDescending(scored => scored.Score)
                .ThenByDescending(scored => scored.Row.ShareOfErrors)
                .ThenBy(scored => scored.Row.Tag, StringComparer.Ordinal)
                .Select((scored, place) => new RankedTag(
                    scored.Row.Tag, scored.Score, place + 1, scored.Row.Room, scored.Row.Prevalence, scored.Row.Gain, scored.Row.Ease, scored.Row.Importance,
                    scored.Row.Priority, scored.Row.Open, Reason(scored.Row))),
        ];
    }

    public static async Task<IResult> Handle(
        string evaluation, Caller caller, IQuerySession session, At at, string? room, string? frequency, string? ease, string? importance, CancellationToken ct)
    {
        if (Weights(room, frequency, ease, importance, out var weights) is { } refusal)
            return new Refused(refusal);
        if (await ReadEvaluations.Find(session, caller, evaluation, at, ct) is not { } found)
            return new Refused(ReadEvaluations.Unknown());
        var book = await session.Past<TagBook>(caller.ProjectId, at, ct) ?? TagBook.Initial(caller.ProjectId);
        return TypedResults.Ok(new PriorityList(weights!, Rank(TagTable.Of(found, book), weights!)));
    }

    private static double MostRoom(TagRow row) => row.Room ?? row.ErrorRate;

    private static double Score(TagRow row, PriorityWeights weights, double mostRoom, double mostPrevalence) =>
        (weights.Room * Relative(MostRoom(row), mostRoom)
            + weights.Frequency * Relative(row.Prevalence, mostPrevalence)
            + weights.Ease * (row.Ease ?? Unjudged)
            + weights.Importance * (row.Importance ?? Unjudged)) / weights.Sum;

    private static double Relative(double value, double most) => most > 0 ? value / most : 0;

    private static string Reason(TagRow row)
    {
        var room = (row.HumanLevel, row.Room) switch
        {
            ({ } human, > 0) => Invariant($"Accuracy {row.Accuracy:0.0%} against a human level of {human:0.0%}: {row.Room:0.0%} to gain on {row.Prevalence:0.0%} of all examples, {row.Gain:0.00%} of all."),
            ({ } human, _) => Invariant($"Accuracy {row.Accuracy:0.0%} is at the human level of {human:0.0%} already: no room."),
            _ => Invariant($"The human level is not known, so there is at most {row.ErrorRate:0.0%} to gain on {row.Prevalence:0.0%} of all examples."),
        };
        var state = row switch
        {
            { Priority: null } => "",
            { Open: true } => $" Its {row.Priority} priority is open.",
            _ => " It is dealt with.",
        };
        return Invariant($"{room} {row.ShareOfErrors:0.0%} of the errors carry it. {Said("Ease", row.Ease)}, {Said("importance", row.Importance)}.{state}");
    }

    private static string Said(string what, double? value) => value is { } v ? Invariant($"{what} {v:0.##}") : $"{what} not judged";

    private static Refusal? Weights(string? room, string? frequency, string? ease, string? importance, out PriorityWeights? weights)
    {
        weights = null;
        var values = new double[4];
        (string Field, string? Text)[] asked = [("room", room), ("frequency", frequency), ("ease", ease), ("importance", importance)];
        for (var i = 0; i < asked.Length; i++)
        {
            values[i] = 1;
            if (asked[i].Text is { } text
                && !(double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]) && values[i] is >= 0 and <= 1e6))
                return Decision.InvalidInput(asked[i].Field, $"must be a weight between 0 and 1000000; it is '{text}'.");
        }

        weights = new(values[0], values[1], values[2], values[3]);
        return weights.Sum > 0 ? null : Decision.InvalidInput("room", "and the other weights must not all be 0.");
    }
}
