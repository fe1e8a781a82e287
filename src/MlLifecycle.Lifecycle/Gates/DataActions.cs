namespace MlLifecycle.Lifecycle.Gates;

/// <summary>How to meet what the gate of data lacks.</summary>
internal static class DataActions
{
    public static IEnumerable<NextAction> For(Standing standing, Requirement missing, DateTimeOffset now)
    {
        var version = DataGate.Candidate(standing.Data, standing.RenewedAt(Stage.Data), standing.Waived(Stage.Data, now));
        var dataset = version?.Dataset ?? standing.Data.Datasets.LastOrDefault()?.Name;
        var feedback = new { plan = "how labels come back from production", delay = "1 week" };
        if (dataset is null)
        {
            yield return Do("Register a dataset", new("POST", standing.Path("datasets"), new { name = "examples", modality = "tabular", feedback }));
            yield break;
        }

        var root = standing.Path($"datasets/{Uri.EscapeDataString(dataset)}");
        var here = $"{root}/versions/{version?.Number}";
        yield return missing.Id switch
        {
            DataGate.Feedback => Do($"Plan how labels of {dataset} come back from production", new("PATCH", root, new { feedback })),
            _ when version is null => Do($"Stage files of {dataset} and commit a version", new("POST", $"{root}/versions", new { message = "what is new" })),
            DataGate.Split => Do($"Split {dataset}@{version.Number} into train, dev and test", new("POST", $"{here}/splits", new { seed = 42 })),
            _ when version.Check(missing.Id) is not null =>
                Do($"Mend {dataset} and commit a new version", new("POST", $"{root}/versions", new { message = "what was mended" })),
            _ => Do($"Check {dataset}@{version.Number} for coverage, labels and size", new("POST", $"{here}/checks")),
        };

        NextAction Do(string action, ApiCall call) => new(action, missing.Why, Stage.Data, missing.Id, call);
    }
}
