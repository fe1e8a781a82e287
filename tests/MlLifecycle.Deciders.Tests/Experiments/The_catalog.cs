using MlLifecycle.Experiments.Protocol;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.Catalog;

public static class An_experiment
{
    private static readonly Guid Project = Guid.Parse("0192a000-0000-7000-8000-0000000000aa");
    private static readonly ExperimentCreated Created = new(Project, 3, "trees", "mlflow-artifacts:/3", 1, new Dictionary<string, string>());

    [Fact]
    public static void has_its_artifacts_under_its_number_unless_told_otherwise()
    {
        var given = Spec.Given<Experiment>();
        given.When(e => CreateExperimentSlice.Decide(e, new(Project, 3, "trees", null, new Dictionary<string, string>()), 1)).ThenEachTime(Created);
        given.When(e => CreateExperimentSlice.Decide(e, new(Project, 3, "trees", "s3://b/x", new Dictionary<string, string>()), 1)).ThenEachTime(Created with { ArtifactLocation = "s3://b/x" });
    }

    [Fact]
    public static void of_a_number_that_is_taken_is_refused() => Spec.Given<Experiment>(Created)
        .When(e => CreateExperimentSlice.Decide(e, new(Project, 3, "bushes", null, new Dictionary<string, string>()), 1)).ThenRefused(409, "number-taken");

    [Fact]
    public static void is_renamed() => Spec.Given<Experiment>(Created).When(e => ChangeExperimentSlice.Rename(e, "bushes", 2)).Then(new ExperimentRenamed("bushes", 2));

    [Fact]
    public static void is_deleted_once_and_restored_once()
    {
        Spec.Given<Experiment>(Created).When(e => ChangeExperimentSlice.Delete(e, 2)).ThenEachTime(new ExperimentDeleted(2));
        Spec.Given<Experiment>(Created, new ExperimentDeleted(2)).When(e => ChangeExperimentSlice.Delete(e, 3)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
        Spec.Given<Experiment>(Created, new ExperimentDeleted(2)).When(e => ChangeExperimentSlice.Restore(e, 3)).ThenEachTime(new ExperimentRestored(3));
        Spec.Given<Experiment>(Created).When(e => ChangeExperimentSlice.Restore(e, 3)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Fact]
    public static void changes_nothing_while_it_is_deleted()
    {
        var deleted = Spec.Given<Experiment>(Created, new ExperimentDeleted(2));
        deleted.When(e => ChangeExperimentSlice.Rename(e, "bushes", 3)).ThenRefused(400, "INVALID_STATE");
        deleted.When(e => ExperimentTagSlice.Set(e, "a", "1", 3)).ThenRefused(400, "INVALID_PARAMETER_VALUE");
        deleted.When(e => ExperimentTagSlice.Remove(e, "a", 3)).ThenRefused(400, "INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public static void has_tags()
    {
        Spec.Given<Experiment>(Created).When(e => ExperimentTagSlice.Set(e, "a", "1", 3)).Then(new ExperimentTagSet("a", "1", 3));
        Spec.Given<Experiment>(Created, new ExperimentTagSet("a", "1", 3)).When(e => ExperimentTagSlice.Remove(e, "a", 4)).ThenEachTime(new ExperimentTagRemoved("a", 4));
        Spec.Given<Experiment>(Created).When(e => ExperimentTagSlice.Remove(e, "a", 4)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Theory]
    [InlineData("{}", "name")]
    [InlineData("""{"name": ""}""", "name")]
    [InlineData("""{"name": "x", "artifact_location": "s3://b/../c"}""", "artifact_location")]
    [InlineData("""{"name": "x", "artifact_location": "runs:/a"}""", "artifact_location")]
    [InlineData("""{"name": "x", "tags": [{"key": "a", "value": "1"}, {"value": "1"}]}""", "tags[1].key")]
    public static void that_is_wrongly_asked_for_is_refused_by_the_field(string json, string field) =>
        CreateExperimentSlice.Check(System.Text.Json.JsonSerializer.Deserialize<CreateExperimentMessage>(json, ProtoJson.Options)!).ShouldNotBeNull().Detail.ShouldContain(field);

    [Fact]
    public static void has_a_name_of_at_most_500_characters()
    {
        Names.CheckExperimentName("name", new string('x', 500)).ShouldBeNull();
        Names.CheckExperimentName("name", new string('x', 501)).ShouldNotBeNull();
    }
}
