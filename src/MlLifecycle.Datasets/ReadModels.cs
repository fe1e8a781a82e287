using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using MlLifecycle.Datasets.Checks;
using MlLifecycle.Datasets.Splits;
using MlLifecycle.Datasets.Versions;

namespace MlLifecycle.Datasets;

/// <summary>
/// Keeps versions, splits and verdicts as documents of their own, written with the events that make them: a dataset with thousands of versions
/// would otherwise rewrite them all with each.
/// </summary>
public sealed partial class ReadModels : EventProjection
{
    public ReadModels()
    {
        IncludeType<VersionCommitted>();
        IncludeType<SplitMade>();
        IncludeType<VersionChecked>();
    }

    public override async ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        switch (e.Data)
        {
            case VersionCommitted committed:
                operations.Store(new DatasetVersion(DatasetVersion.IdOf(e.StreamId, committed.Number), e.StreamId, committed));
                break;
            case SplitMade made:
                operations.Store(new Split(made.Id, e.StreamId, made));
                break;
            case VersionChecked verdict:
                // One document each: verdicts of one check run come in one transaction, and what is stored in it cannot be read back yet.
                var version = DatasetVersion.IdOf(e.StreamId, verdict.Version);
                operations.Store(new VersionVerdict($"{version}/{verdict.Check}", version, verdict));
                break;
            default:
                break;
        }
    }
}
