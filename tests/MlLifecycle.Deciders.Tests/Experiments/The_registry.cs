using MlLifecycle.Experiments.Protocol;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.Registry;

public static class A_registered_model
{
    private static readonly Guid Project = Guid.Parse("0192a000-0000-7000-8000-0000000000aa");
    private static readonly Dictionary<string, string> NoTags = [];
    private static readonly ModelRegistered Registered = new(Project, "sorter", "", 1, NoTags);

    [Fact]
    public static void is_registered_once()
    {
        Spec.Given<RegisteredModel>().When(m => RegisterModelSlice.Decide(m, new(Project, "sorter", "", NoTags), 1)).ThenEachTime(Registered);
        Spec.Given<RegisteredModel>(Registered).When(m => RegisterModelSlice.Decide(m, new(Project, "sorter", "", NoTags), 2)).ThenRefused(400, "RESOURCE_ALREADY_EXISTS");
        Spec.Given<RegisteredModel>(Registered, new ModelDeleted(2)).When(m => RegisterModelSlice.Decide(m, new(Project, "sorter", "", NoTags), 3)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Fact]
    public static void counts_its_versions_from_one()
    {
        RegisterVersion asked = new("sorter", "runs:/x/model", "x", "", "", "ada", NoTags);
        Spec.Given<RegisteredModel>(Registered).When(m => RegisterVersionSlice.Decide(m, asked, 2)).ThenEachTime(Version(1));
        Spec.Given<RegisteredModel>(Registered, Version(1)).When(m => RegisterVersionSlice.Decide(m, asked, 2)).ThenEachTime(Version(2));
        Spec.Given<RegisteredModel>().When(m => RegisterVersionSlice.Decide(m, asked, 2)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
        var named = asked with { Request = Guid.NewGuid() };
        var made = Version(1) with { Request = named.Request };
        Spec.Given<RegisteredModel>(Registered).When(m => RegisterVersionSlice.Decide(m, named, 2)).Then(made);
        Spec.Given<RegisteredModel>(Registered, made, Version(2)).When(m => RegisterVersionSlice.Decide(m, named, 3)).ThenNothing();
        Spec.Given<RegisteredModel>(Registered, made, new VersionDeleted(1, 3)).When(m => RegisterVersionSlice.Decide(m, named, 4)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Fact]
    public static void has_aliases()
    {
        var two = Spec.Given<RegisteredModel>(Registered, Version(1), Version(2), new AliasSet("sorter", "champion", 1, 3));
        two.When(m => PromoteSlice.SetAlias(m, "champion", 2, 4)).Then(new AliasSet("sorter", "champion", 2, 4));
        two.When(m => PromoteSlice.SetAlias(m, "champion", 1, 4)).ThenNothing();
        two.When(m => PromoteSlice.SetAlias(m, "champion", 3, 4)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
        two.When(m => PromoteSlice.RemoveAlias(m, "champion", 4)).Then(new AliasRemoved("champion", 4));
    }

    [Fact]
    public static void moves_versions_between_stages()
    {
        var two = Spec.Given<RegisteredModel>(Registered, Version(1), Version(2), new StageSet("sorter", 1, Stages.Production, 3));
        two.When(m => PromoteSlice.SetStage(m, 2, Stages.Production, false, 4)).Then(new StageSet("sorter", 2, Stages.Production, 4));
        two.When(m => PromoteSlice.SetStage(m, 2, Stages.Production, true, 4)).Then(new StageSet("sorter", 2, Stages.Production, 4), new StageSet("sorter", 1, Stages.Archived, 4));
        two.When(m => PromoteSlice.SetStage(m, 1, Stages.Production, false, 4)).ThenNothing();
        two.When(m => PromoteSlice.SetStage(m, 3, Stages.Production, false, 4)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Fact]
    public static void is_renamed_described_and_tagged()
    {
        var model = Spec.Given<RegisteredModel>(Registered);
        model.When(m => ChangeModelSlice.Rename(m, "picker", 2)).Then(new ModelRenamed("picker", "sorter", 2));
        model.When(m => ChangeModelSlice.Describe(m, "sorts", "", 2)).ThenEachTime(new ModelDescribed("sorts", 2));
        model.When(m => ChangeModelSlice.Describe(m, "sorts", "sorts", 2)).ThenNothing();
        model.When(m => ChangeModelSlice.SetTag(m, "a", "1", null, 2)).ThenEachTime(new ModelTagSet("a", "1", 2));
        model.When(m => ChangeModelSlice.SetTag(m, "a", "1", "1", 2)).ThenNothing();
        model.When(m => ChangeModelSlice.RemoveTag(m, "a", "1", 2)).ThenEachTime(new ModelTagRemoved("a", 2));
        model.When(m => ChangeModelSlice.RemoveTag(m, "a", null, 2)).ThenNothing();
    }

    [Fact]
    public static void takes_nothing_after_it_is_deleted()
    {
        Spec.Given<RegisteredModel>(Registered).When(m => ChangeModelSlice.Delete(m, 2)).ThenEachTime(new ModelDeleted(2));
        var deleted = Spec.Given<RegisteredModel>(Registered, Version(1), new ModelDeleted(2));
        deleted.When(m => ChangeModelSlice.Delete(m, 2)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
        deleted.When(m => ChangeModelSlice.Rename(m, "x", 2)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
        deleted.When(m => PromoteSlice.SetAlias(m, "champion", 1, 2)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
        deleted.When(m => ChangeVersionSlice.Delete(m, 1, 2)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Fact]
    public static void never_gives_a_deleted_versions_number_again()
    {
        var two = Spec.Given<RegisteredModel>(Registered, Version(1), Version(2), new AliasSet("sorter", "champion", 2, 3), new StageSet("sorter", 2, Stages.Production, 3));
        two.When(m => ChangeVersionSlice.Delete(m, 2, 4)).ThenEachTime(new VersionDeleted(2, 4));
        var one = two with { State = two.State.Evolve(new VersionDeleted(2, 4)) };
        (one.State.Aliases.Count, one.State.Stages.Count, one.State.Has(2), one.State.Has(1)).ShouldBe((0, 0, false, true));
        one.When(m => RegisterVersionSlice.Decide(m, new("sorter", "runs:/x/model", "x", "", "", "ada", NoTags), 2)).ThenEachTime(Version(3));
        one.When(m => ChangeVersionSlice.SetTag(m, 2, "a", "1", null, 2)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
        one.When(m => ChangeVersionSlice.SetTag(m, 1, "a", "1", null, 2)).ThenEachTime(new VersionTagSet(1, "a", "1", 2));
        one.When(m => ChangeVersionSlice.RemoveTag(m, 1, "a", null, 2)).ThenNothing();
        one.When(m => ChangeVersionSlice.Describe(m, 1, "x", "x", 2)).ThenNothing();
    }

    [Theory]
    [InlineData("runs:/0af7651916cd43dd8448eb211c80319c/model")]
    [InlineData("models:/m-0af7651916cd43dd8448eb211c80319c")]
    [InlineData("mlflow-artifacts:/0/x/artifacts/model")]
    [InlineData("s3://bucket/model")]
    public static void comes_from_a_place_that_anybody_can_name(string source) => RegisterVersionSlice.CheckSource(source).ShouldBeNull();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("file:///etc/passwd")]
    [InlineData("FILE:/etc/passwd")]
    [InlineData("runs:/x/../../etc")]
    [InlineData("mlflow-artifacts:/0/%2e%2e/etc")]
    [InlineData("mlflow-artifacts:/0/%252e%252e/etc")]
    [InlineData(@"\\host\share")]
    public static void comes_from_nowhere_else(string? source) => RegisterVersionSlice.CheckSource(source).ShouldNotBeNull().Code.ShouldBe("INVALID_PARAMETER_VALUE");

    [Theory]
    [InlineData("champion", true)]
    [InlineData("best_1-2", true)]
    [InlineData("latest", false)]
    [InlineData("LATEST", false)]
    [InlineData("v1", false)]
    [InlineData("V23", false)]
    [InlineData("a b", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public static void knows_what_can_be_an_alias(string? alias, bool good) => (Names.CheckNewAlias("alias", alias) is null).ShouldBe(good);

    [Theory]
    [InlineData("sorter of shoes", true)]
    [InlineData("a/b", false)]
    [InlineData("a:b", false)]
    [InlineData("", false)]
    public static void knows_what_can_be_its_name(string name, bool good) => (Names.CheckModelName("name", name) is null).ShouldBe(good);

    private static VersionRegistered Version(int number) => new("sorter", number, "runs:/x/model", "x", "", "", "ada", 2, NoTags);
}
