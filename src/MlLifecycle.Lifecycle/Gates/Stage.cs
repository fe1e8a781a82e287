namespace MlLifecycle.Lifecycle.Gates;

/// <summary>Where a project stands. A gate leads out of each stage but the last, and carries its stage's name.</summary>
public enum Stage
{
    Scoping = 1,
    Data,
    Modeling,
    Deployment,
    Monitoring,
}

/// <summary>Stages as they are written in contracts and JSON.</summary>
public static class StageNames
{
    public static readonly IReadOnlyList<Stage> All = Enum.GetValues<Stage>();

    public static string Name(this Stage stage) => stage switch
    {
        Stage.Scoping => "scoping",
        Stage.Data => "data",
        Stage.Modeling => "modeling",
        Stage.Deployment => "deployment",
        _ => "monitoring",
    };

    public static Stage? Parse(string? name) => All.Cast<Stage?>().FirstOrDefault(stage => stage!.Value.Name() == name);

    /// <summary>The stage its gate leads to.</summary>
    public static Stage Next(this Stage stage) => stage < Stage.Monitoring ? stage + 1 : stage;
}
