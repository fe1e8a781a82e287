using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.LoggedModels;

public static class A_logged_model
{
    private static readonly LoggedModelCreated Created = new(
        Guid.Parse("0192a000-0000-7000-8000-0000000000aa"), 3, "net", "", "", "mlflow-artifacts:/3/models/x/artifacts", "ada", 1, Text(), Text(("team", "red")));

    [Fact]
    public static void is_logged_once() => Spec.Given<LoggedModel>().When(m => ChangeLoggedModelSlice.Create(m, Created)).Then(Created);

    [Fact]
    public static void becomes_ready() => Spec.Given<LoggedModel>(Created)
        .When(m => ChangeLoggedModelSlice.Finalize(m, LoggedModelStatus.LoggedModelReady, 2)).Then(new LoggedModelFinalized(LoggedModelStatus.LoggedModelReady, 2));

    [Fact]
    public static void keeps_its_parameters()
    {
        var model = Spec.Given<LoggedModel>(Created, new LoggedModelParamsLogged(Text(("depth", "3")), 2));
        model.When(m => ChangeLoggedModelSlice.LogParams(m, Text(("depth", "3"), ("eta", "1")), 3)).Then(new LoggedModelParamsLogged(Text(("eta", "1")), 3));
        model.When(m => ChangeLoggedModelSlice.LogParams(m, Text(("eta", "1"), ("depth", "4")), 3)).ThenRefused(400, "INVALID_PARAMETER_VALUE").Detail.ShouldContain("'depth'");
    }

    [Fact]
    public static void changes_its_tags()
    {
        var model = Spec.Given<LoggedModel>(Created);
        model.When(m => ChangeLoggedModelSlice.SetTags(m, Text(("team", "red"), ("phase", "one")), 2)).Then(new LoggedModelTagsSet(Text(("phase", "one")), 2));
        model.When(m => ChangeLoggedModelSlice.RemoveTag(m, "team", 2)).ThenEachTime(new LoggedModelTagRemoved("team", 2));
        model.When(m => ChangeLoggedModelSlice.RemoveTag(m, "phase", 2)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Fact]
    public static void takes_nothing_after_it_is_deleted()
    {
        Spec.Given<LoggedModel>(Created).When(m => ChangeLoggedModelSlice.Delete(m, 2)).Then(new LoggedModelDeleted(2));
        var deleted = Spec.Given<LoggedModel>(Created, new LoggedModelDeleted(2));
        deleted.When(m => ChangeLoggedModelSlice.SetTags(m, Text(("a", "1")), 3)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
        deleted.When(m => ChangeLoggedModelSlice.Finalize(m, LoggedModelStatus.LoggedModelReady, 3)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Theory]
    [InlineData("m-0192a00000007000800000000000000a", true)]
    [InlineData("m-0192A00000007000800000000000000A", false)]
    [InlineData("0192a00000007000800000000000000a", false)]
    [InlineData("m-x", false)]
    [InlineData(null, false)]
    public static void has_one_spelling_of_its_id(string? id, bool good) => (LoggedModel.Parse(id) is not null).ShouldBe(good);

    private static Dictionary<string, string> Text(params (string Key, string Value)[] entries) => entries.ToDictionary(e => e.Key, e => e.Value, StringComparer.Ordinal);
}
