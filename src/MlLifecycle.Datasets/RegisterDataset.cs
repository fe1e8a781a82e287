using System.Text.RegularExpressions;
using Marten;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Datasets;

/// <summary>Gives a dataset its name in the project, and says what good data means for it.</summary>
public sealed record RegisterDataset(
    string Name, string Modality, string? Description = null, LabelDefinition? Label = null, FeedbackPlan? Feedback = null, IReadOnlyList<ImportantCase>? Cases = null);

public sealed record Registered(
    Guid DatasetId, Guid ProjectId, string Name, string Modality, string Description, LabelDefinition? Label, FeedbackPlan? Feedback, IReadOnlyList<ImportantCase> Cases,
    DateTimeOffset At, string By);

public static partial class RegisterDatasetSlice
{
    public static Decision Decide(Dataset dataset, RegisterDataset register, Guid project, DateTimeOffset now, string actor)
    {
        if (Check(register) is { } refusal)
            return refusal;
        if (!dataset.Registered)
        {
            return Accept(new Registered(
                dataset.Id, project, register.Name, register.Modality, register.Description ?? "", register.Label, register.Feedback, register.Cases ?? [], now, actor));
        }

        return dataset.Modality == register.Modality && dataset.Description == (register.Description ?? "") && dataset.Label == register.Label
            && dataset.Feedback == register.Feedback && dataset.Cases.SequenceEqual(register.Cases ?? [])
            ? Nothing // a retry
            : Refuse(409, "dataset-exists", $"The project has a dataset '{register.Name}' already, described differently. PATCH it, or choose another name.");
    }

    public static async Task<IResult> Handle(RegisterDataset command, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken ct)
    {
        var outcome = await Attempt();
        if (outcome.Refusal?.Code == "already-exists")
            outcome = await Attempt(); // someone registered the name at the same moment: perhaps the same dataset
        return outcome.ToResult(d => TypedResults.Created($"/api/projects/{caller.Project}/datasets/{d.Name}", DatasetView.Of(d)));

        async Task<Outcome<Dataset>> Attempt()
        {
            var known = await session.Query<Dataset>().Where(d => d.ProjectId == caller.ProjectId && d.Name == command.Name).Select(d => d.Id).FirstOrDefaultAsync(ct);
            var id = known != Guid.Empty ? known : caller.NewId($"dataset {command.Name}");
            return await session.Decide<Dataset>(id, caller.Origin, d => Decide(d, command, caller.ProjectId, clock.GetUtcNow(), caller.Actor), ct);
        }
    }

    internal static Refusal? CheckDescription(string? description, LabelDefinition? label, FeedbackPlan? feedback, IReadOnlyList<ImportantCase>? cases)
    {
        var refusal = Fields.First(
            Fields.Text("description", description, required: false),
            Fields.Text("label.column", label?.Column, 200, required: false),
            Fields.Text("label.definition", label?.Definition, required: false),
            feedback is null ? null : Fields.Text("feedback.plan", feedback.Plan),
            Fields.Text("feedback.delay", feedback?.Delay, 200, required: false),
            cases?.Count > 1000 ? InvalidInput("cases", "must be at most 1000.") : null);
        for (var i = 0; refusal is null && i < (cases?.Count ?? 0); i++)
        {
            if (cases![i] is not { } c)
                return InvalidInput($"cases[{i}]", "must not be null.");
            refusal = Fields.First(
                Fields.Text($"cases[{i}].name", c.Name, 200),
                Fields.Text($"cases[{i}].column", c.Column, 200),
                Fields.Text($"cases[{i}].value", c.Value, 1000, required: false),
                c.Minimum < 1 ? InvalidInput($"cases[{i}].minimum", $"must be at least 1; it is {c.Minimum}.") : null,
                cases.Take(i).Any(before => before.Name == c.Name) ? InvalidInput($"cases[{i}].name", $"is the name of an earlier case too: '{c.Name}'.") : null);
        }

        return refusal;
    }

    private static Refusal? Check(RegisterDataset register) => Fields.First(
        NameShape().IsMatch(register.Name) ? null : InvalidInput("name", "must be 1 to 100 letters, digits, '-', '_' or '.', and begin with a letter or digit."),
        Fields.OneOf("modality", register.Modality, ["tabular", "text", "image", "audio"]),
        CheckDescription(register.Description, register.Label, register.Feedback, register.Cases));

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex NameShape();
}
