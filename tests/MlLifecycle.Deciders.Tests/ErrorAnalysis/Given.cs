using MlLifecycle.ErrorAnalysis;
using MlLifecycle.ErrorAnalysis.Evaluations;
using MlLifecycle.ErrorAnalysis.Tables;
using MlLifecycle.ErrorAnalysis.Tags;

namespace MlLifecycle.Deciders.Tests.ErrorAnalysis;

/// <summary>Evaluations and tag books made of the events that lead to them.</summary>
internal static class Given
{
    public static readonly Guid Project = Guid.Parse("0199a1b2-0000-7000-8000-000000000001");
    public static readonly DateTimeOffset Now = new(2026, 3, 3, 12, 0, 0, TimeSpan.Zero);

    public static RecordEvaluation Ask(string name = "baseline", string upload = "aa") => new(name, upload, new());

    public static TableFacts Facts(long examples, long errors, params TagCount[] tags) =>
        new("ff", examples, errors, tags, Confusion.None, [], [], 0);

    public static Evaluation Evaluation(long examples, long errors, params TagCount[] tags) =>
        MlLifecycle.ErrorAnalysis.Evaluation.Initial(MlLifecycle.ErrorAnalysis.Evaluation.IdOf(Project, "baseline"))
            .Evolve(new EvaluationRecorded(Project, Ask(), Facts(examples, errors, tags), Now, "ann"));

    public static TagBook Book(params object[] events) => events.Aggregate(TagBook.Initial(Project), (book, e) => book.Evolve(e));

    public static TagAppraised Appraised(string tag, double? humanLevel = null, double? ease = null, double? importance = null, string? notes = null) =>
        new(tag, humanLevel, ease, importance, notes, Now, "ann");
}
