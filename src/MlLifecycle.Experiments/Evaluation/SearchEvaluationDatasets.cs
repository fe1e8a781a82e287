using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Search;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Evaluation;

/// <summary>The project's evaluation datasets, of some experiments or of all. There are few of them: they are filtered where they are read.</summary>
internal static class SearchEvaluationDatasets
{
    public static async Task<IResult> Handle(Sent<EvaluationMessage> sent, Caller caller, IQuerySession session, CancellationToken cancellation)
    {
        var message = sent.Message;
        var limit = message.MaxResults ?? EvaluationDatasets.Most;
        if (Mlflow.CheckMaxResults(limit, EvaluationDatasets.Most) is { } beyond)
            return new Refused(beyond);
        if (SearchWords.Read(message.FilterString, message.OrderBy, Vocabulary.EvaluationDatasets, out var conditions, out var orders) is { } wrong)
            return new Refused(wrong);
        if (orders.Any(order => order.Field.Subject != Subject.Attribute))
            return new Refused(Mlflow.Invalid("Invalid order_by: tags have no order here."));
        var asked = message.ExperimentIds ?? [];
        var search = PageToken.Fingerprint([message.FilterString, .. message.OrderBy ?? [], "", .. asked.Order(StringComparer.Ordinal)]);
        if (PageToken.Decode(message.PageToken, search, _ => orders.Count + 1, out var token) is { } bad)
            return new Refused(bad);
        var all = await session.Query<EvaluationDataset>().Where(d => d.ProjectId == caller.ProjectId && d.Active).ToListAsync(cancellation);
        var order = Comparer<string[]>.Create((one, other) => Compare(orders, one, other));
        var after = token?.After.Select(place => place.ToString()).ToArray();
        var found = all
            .Where(d => (asked.Count == 0 || d.Experiments.Any(asked.Contains)) && All(d, conditions))
            .Select(d => (Dataset: d, Place: Place(orders, d)))
            .Where(d => after is null || order.Compare(d.Place, after) > 0)
            .OrderBy(d => d.Place, order)
            .Take((int)limit + 1)
            .ToList();
        return Answer.Of(new
        {
            Datasets = Answer.OrNone([.. found.Take((int)limit).Select(d => d.Dataset.Message)]),
            next_page_token = found.Count > limit
                ? new PageToken(search, 0, [.. found[(int)limit - 1].Place.Select(place => JsonSerializer.SerializeToElement(place))]).Encode()
                : null,
        });
    }

    private static bool All(EvaluationDataset dataset, IReadOnlyList<Condition> conditions) => conditions.All(condition => condition switch
    {
        Either either => either.Alternatives.Any(all => All(dataset, all)),
        Clause clause => Holds(clause, Value(dataset, clause.Field)),
        _ => throw new InvalidOperationException($"A condition of an unknown kind: {condition}"),
    });

    // Nothing is true of what is not there, but that it is not.
    private static bool Holds(Clause clause, string? value) => (clause.Comparison, clause.Operand) switch
    {
        (Comparison.IsNull, _) => value is null,
        (Comparison.IsNotNull, _) => value is not null,
        _ when value is null => false,
        (Comparison.Equal, string text) => value == text,
        (Comparison.NotEqual, string text) => value != text,
        (Comparison.Like, string pattern) => Like(value, pattern, RegexOptions.None),
        (Comparison.ILike, string pattern) => Like(value, pattern, RegexOptions.IgnoreCase),
        (Comparison.In, string[] values) => values.Contains(value),
        (Comparison.NotIn, string[] values) => !values.Contains(value),
        (var comparison, { } number) => Holds(comparison, Convert.ToDouble(value, CultureInfo.InvariantCulture).CompareTo(Convert.ToDouble(number, CultureInfo.InvariantCulture))),
        _ => throw new InvalidOperationException($"A comparison without a right side: {clause}"),
    };

    private static bool Holds(Comparison comparison, int order) => comparison switch
    {
        Comparison.Equal => order == 0,
        Comparison.NotEqual => order != 0,
        Comparison.Less => order < 0,
        Comparison.LessOrEqual => order <= 0,
        Comparison.Greater => order > 0,
        Comparison.GreaterOrEqual => order >= 0,
        _ => throw new InvalidOperationException($"{comparison} does not compare numbers."),
    };

    // Without backtracking: the pattern is the caller's.
    private static bool Like(string value, string pattern, RegexOptions options) => Regex.IsMatch(
        value,
        "^" + Regex.Escape(pattern).Replace("%", ".*", StringComparison.Ordinal).Replace("_", ".", StringComparison.Ordinal) + "\\z",
        options | RegexOptions.Singleline | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    private static string? Value(EvaluationDataset dataset, Field field) => field switch
    {
        { Subject: Subject.Tag } => dataset.Tags.GetValueOrDefault(field.Key),
        { Key: "name" } => dataset.Name,
        { Key: "dataset_id" } => EvaluationDataset.IdOf(dataset.Id),
        { Key: "created_by" } => dataset.CreatedBy,
        { Key: "last_updated_by" } => dataset.UpdatedBy,
        { Key: "created_time" } => dataset.Created.ToString(CultureInfo.InvariantCulture),
        _ => dataset.Updated.ToString(CultureInfo.InvariantCulture),
    };

    // Newest first among equals: ids rise with time.
    private static string[] Place(IReadOnlyList<Order> orders, EvaluationDataset dataset) =>
        [.. orders.Select(order => Value(dataset, order.Field)!), dataset.Id.ToString("N")];

    // Times all have as many digits, for the next two centuries, and so compare as text does.
    private static int Compare(IReadOnlyList<Order> orders, string[] one, string[] other)
    {
        for (var i = 0; i < orders.Count; i++)
        {
            if (string.CompareOrdinal(one[i], other[i]) is not 0 and var difference)
                return orders[i].Descending ? -difference : difference;
        }

        return string.CompareOrdinal(other[^1], one[^1]);
    }
}
