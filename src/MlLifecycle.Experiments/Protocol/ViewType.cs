namespace MlLifecycle.Experiments.Protocol;

/// <summary>MLflow's choice of what a search looks at.</summary>
public enum ViewType
{
    ActiveOnly = 1,
    DeletedOnly = 2,
    All = 3,
}
