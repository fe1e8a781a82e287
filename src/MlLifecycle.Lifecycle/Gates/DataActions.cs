using static MlLifecycle.Lifecycle.Gates.NextActions;

namespace MlLifecycle.Lifecycle.Gates;

/// <summary>How to meet what the gate of data lacks.</summary>
internal static class DataActions
{
    public static IEnumerable<NextAction> For(Standing standing, Requirement missing, DateTimeOffset now)
    {
        NextAction Do(string action, ApiCall call) => new(action, missing.Why, Stage.Data, missing.Id, call);

        var version = DataGate.Candidate(standing.Data, standing.RenewedAt(Stage.Data), standing.Waived(Stage.Data, now));
        var dataset = version?.Dataset ?? standing.Data.Datasets.LastOrDefault()?.Name;
        if (dataset is null)
        {
            yield return Do("Register a dataset", new("POST", Path(standing, "datasets"), new { name = "examples", modality = "tabular", feedback = new { plan = "how labels come back", delay = "1 week" } }));
            yield break;
        }

        var root = Path(standing, $"datasets/{dataset}");
        var here = $"{root}/versions/{version?.Number}";
        yield return missing.Id switch
        {
            // Registering it again with the same content and a plan is how a dataset gets one.
            DataGate.Feedback => Do($"Plan how labels of {dataset} come back from production", new("POST", Path(standing, "datasets"), new { name = dataset, modality = standing.Data.Dataset(dataset)?.Modality ?? "tabular", feedback = new { plan = "how labels come back", delay = "1 week" } })),
            _ when version is null => Do($"Stage files of {dataset} and commit a version", new("POST", $"{root}/versions", new { message = "what is new" })),
            DataGate.Split => Do($"Split {dataset}@{version.Number} into train, dev and test", new("POST", $"{here}/splits", new { seed = 42 })),
            _ when version.Checks.Exists(c => c.Check == missing.Id) => Do($"Mend {dataset} and commit a new version", new("POST", $"{root}/versions", new { message = "what was mended" })),
            _ => Do($"Check {dataset}@{version.Number} for coverage, labels and size", new("POST", $"{here}/checks")),
        };
    }
}
