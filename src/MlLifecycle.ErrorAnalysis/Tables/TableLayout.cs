using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.ErrorAnalysis.Tables;

/// <summary>Which columns hold what, as the upload's query says.</summary>
/// <param name="Label">The column of the true label.</param>
/// <param name="Prediction">The column of the predicted label.</param>
/// <param name="Id">The column of the example's id. The usual one may be absent; one that was asked for may not.</param>
/// <param name="Tags">Columns to make tags of, whatever their type.</param>
public sealed record TableColumns(string Label = "label", string Prediction = "prediction", string? Id = null, IReadOnlyList<string>? Tags = null);

/// <summary>What a column of an evaluation was taken for.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Role"><c>id</c>, <c>label</c>, <c>prediction</c>, <c>score</c>, <c>tag</c> or <c>ignored</c>.</param>
/// <param name="Note">Why it was ignored, or how its tags were made.</param>
public sealed record Column(string Name, string Role, string? Note = null);

/// <summary>The places of the columns in a table.</summary>
internal sealed record TableLayout(IReadOnlyList<string> Names, int Label, int Prediction, int? Id, int? TagList, IReadOnlySet<int> Scores, IReadOnlySet<int> Asked)
{
    private const string UsualId = "id";
    private const string TagListColumn = "tags";

    /// <summary>Columns that may hold tags: all that nothing else is known of, and those asked for.</summary>
    public IEnumerable<int> Candidates => Enumerable.Range(0, Names.Count)
        .Where(c => Asked.Contains(c) || c != Label && c != Prediction && c != Id && c != TagList && !Scores.Contains(c));

    public bool IsProbability(int column) => Names[column].StartsWith("p_", StringComparison.Ordinal);

    /// <summary>Finds the columns, or says which one is not there.</summary>
    public static TableLayout? Of(IReadOnlyList<string> names, TableColumns columns, out Refusal? refusal)
    {
        int? Place(string name) => names.ToList().IndexOf(name) is >= 0 and var place ? place : null;

        var label = Place(columns.Label);
        var prediction = Place(columns.Prediction);
        var id = Place(columns.Id ?? UsualId);
        refusal = label is null ? Missing("label", columns.Label, names)
            : prediction is null ? Missing("prediction", columns.Prediction, names)
            : id is null && columns.Id is not null ? Missing("id", columns.Id, names)
            : label == prediction ? Decision.InvalidInput("prediction", "must be another column than the label.")
            : id == label || id == prediction ? Decision.InvalidInput("id", "must be another column than label and prediction.")
            : columns.Tags?.FirstOrDefault(tag => Place(tag) is null) is { } unknown ? Missing("tags", unknown, names)
            : id is not null && columns.Tags?.Contains(names[id.Value]) == true ? Decision.InvalidInput("tags", "must not name the id column.")
            : null;
        if (refusal is not null)
            return null;
        var scores = Enumerable.Range(0, names.Count)
            .Where(c => names[c] == "score" || names[c].StartsWith("p_", StringComparison.Ordinal))
            .Where(c => c != label && c != prediction && c != id);
        var list = Place(TagListColumn);
        return new(names, label!.Value, prediction!.Value, id, list == label || list == prediction ? null : list, scores.ToHashSet(),
            (columns.Tags ?? []).Select(tag => Place(tag)!.Value).Where(c => c != list).ToHashSet());
    }

    private static Refusal Missing(string field, string name, IReadOnlyList<string> names)
    {
        var like = names.FirstOrDefault(n => n.Equals(name, StringComparison.OrdinalIgnoreCase));
        var shown = string.Join(", ", names.Take(20)) + (names.Count > 20 ? $" and {names.Count - 20} more" : "");
        var advice = like is not null ? $"There is a column '{like}': say ?{field}={Uri.EscapeDataString(like)}." : $"Say which one it is with ?{field}=<column>.";
        return new(400, "column-missing", $"{field}: the table has no column '{name}'. Its columns are {shown}. {advice}") { Field = field };
    }
}
