using MlLifecycle.Contracts;
using Shouldly;
using Xunit;
using static MlLifecycle.Spec;

namespace MlLifecycle.Datasets;

public static class Describing_a_dataset
{
    internal static readonly DateTimeOffset Now = new(2026, 3, 3, 9, 0, 0, TimeSpan.Zero);
    internal static readonly Guid Project = Guid.Parse("11111111-1111-1111-1111-111111111111");
    internal static readonly Guid StreamId = Dataset.Initial(Guid.Parse("0192a000-0000-7000-8000-000000000001")).Id;
    internal static readonly Registered Garments = new(
        StreamId, Project, "garments", "image", "", new("label"), null, [new("boots", "label", "9", 100)], Now, "ada");

    private static readonly RegisterDataset Register = new("garments", "image", Label: new("label"), Cases: [new("boots", "label", "9", 100)]);

    [Fact]
    public static void registers_it_once() => Given<Dataset>().When(d => Decide(d, Register)).Then(Garments);

    [Fact]
    public static void refuses_the_name_of_a_dataset_that_is_described_otherwise() =>
        Given<Dataset>(Garments).When(d => Decide(d, Register with { Modality = "text" })).ThenRefused(409, "dataset-exists");

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a\n")]
    [InlineData("über")]
    public static void refuses_a_name_that_does_not_fit_an_address(string name) =>
        Given<Dataset>().When(d => Decide(d, Register with { Name = name })).ThenRefused(400, "invalid-input", "name");

    [Theory]
    [InlineData("video")]
    [InlineData("Image")]
    [InlineData("")]
    public static void refuses_a_modality_it_does_not_know(string modality) =>
        Given<Dataset>().When(d => Decide(d, Register with { Modality = modality })).ThenRefused(400, "invalid-input", "modality");

    [Fact]
    public static void refuses_a_case_that_asks_for_nothing()
    {
        Given<Dataset>().When(d => Decide(d, Register with { Cases = [new("boots", "label", "9", 1), new("bags", "label", "8", 0)] }))
            .ThenRefused(400, "invalid-input", "cases[1].minimum");
        Given<Dataset>().When(d => Decide(d, Register with { Cases = [new("boots", "label", "9", 1), new("boots", "label", "8", 1)] }))
            .ThenRefused(400, "invalid-input", "cases[1].name");
        Given<Dataset>().When(d => Decide(d, Register with { Feedback = new(" ") })).ThenRefused(400, "invalid-input", "feedback.plan");
    }

    [Fact]
    public static void replaces_what_is_said_anew_and_keeps_the_rest()
    {
        var described = Given<Dataset>(Garments).When(d => DescribeDatasetSlice.Decide(d, new(Feedback: new("Customers tell", "2 days"))))
            .ThenEvents().ShouldHaveSingleItem().ShouldBeOfType<Described>();
        (described.DatasetId, described.Name, described.Label, described.Feedback).ShouldBe((StreamId, "garments", new("label"), new("Customers tell", "2 days")));
        described.Cases.ShouldBe(Garments.Cases);
    }

    [Fact]
    public static void saying_nothing_new_is_nothing() =>
        Given<Dataset>(Garments).When(d => DescribeDatasetSlice.Decide(d, new(Label: new("label")))).ThenNothing();

    [Fact]
    public static void a_dataset_that_is_not_there_cannot_be_described() =>
        Given<Dataset>().When(d => DescribeDatasetSlice.Decide(d, new("x"))).ThenRefused(404, "dataset-unknown");

    [Fact]
    public static void announces_it_with_its_feedback_plan()
    {
        Announcements.Of(Garments).ShouldBe(new DatasetRegistered(StreamId, "garments", "image", null));
        Announcements.Of(new Described(StreamId, "garments", "image", "", null, new("Customers tell"), [])).ShouldBe(new DatasetRegistered(StreamId, "garments", "image", "Customers tell"));
        Announcements.Of("something else").ShouldBeNull();
    }

    private static ServiceDefaults.Decisions.Decision Decide(Dataset dataset, RegisterDataset command) => RegisterDatasetSlice.Decide(dataset, command, Project, Now, "ada");
}
