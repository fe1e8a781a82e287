using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.Artifacts;

public static class Artifact_paths
{
    [Theory]
    [InlineData("model/MLmodel")]
    [InlineData("a b/ü (1).txt")]
    [InlineData("100%.txt")]
    [InlineData("...")]
    public static void stay_where_they_belong(string path) => ArtifactStore.Check(path).ShouldBeNull();

    [Theory]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("a/./b")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("")]
    [InlineData("%2e%2e/a")]
    [InlineData("%252e%252e/a")]
    [InlineData("a%2fb")]
    [InlineData("a%252fb")]
    [InlineData(@"a\b")]
    [InlineData("a%5cb")]
    [InlineData("a\0b")]
    [InlineData("a%00b")]
    [InlineData("C:/x")]
    public static void lead_nowhere_else(string path) => ArtifactStore.Check(path).ShouldNotBeNull().Code.ShouldBe("INVALID_PARAMETER_VALUE");

    [Theory]
    [InlineData("mlflow-artifacts:/0/x/artifacts", "0/x/artifacts")]
    [InlineData("mlflow-artifacts://host:8080/0/x", "0/x")]
    [InlineData("mlflow-artifacts:/", "")]
    [InlineData("s3://bucket/x", null)]
    public static void are_read_off_locations(string location, string? path) => ArtifactStore.PathOf(location).ShouldBe(path);
}
