using MlLifecycle.Contracts;
using MlLifecycle.Datasets.Checks;
using MlLifecycle.Datasets.Splits;
using MlLifecycle.Datasets.Versions;

namespace MlLifecycle.Datasets;

/// <summary>What Datasets tells the other services.</summary>
public static class Announcements
{
    public static IntegrationEvent? Of(object @event) => @event switch
    {
        Registered e => new DatasetRegistered(e.DatasetId, e.Name, e.Modality, e.Feedback?.Plan),
        Described e => new DatasetRegistered(e.DatasetId, e.Name, e.Modality, e.Feedback?.Plan),
        VersionCommitted e => new DatasetVersionCommitted(e.DatasetId, e.Dataset, e.Number, e.Manifest, e.Parent, e.Files, e.Bytes, e.Message),
        VersionChecked e => new DatasetChecked(e.DatasetId, e.Dataset, e.Version, e.Check, e.Passed, e.Summary),
        SplitMade e => new DatasetSplit(e.DatasetId, e.Dataset, e.Version, e.Method, e.Seed, e.Counts.Train, e.Counts.Dev, e.Counts.Test, e.Suited),
        _ => null,
    };
}
