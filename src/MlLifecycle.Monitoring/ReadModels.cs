using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using MlLifecycle.Monitoring.Alerts;
using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.Monitoring.Windows;

namespace MlLifecycle.Monitoring;

/// <summary>The events that others may name as a cause: an event's id is not among its data.</summary>
/// <param name="Id">The deployment.</param>
/// <param name="Started">The event that started it.</param>
/// <param name="ProjectId">Its project.</param>
/// <param name="Project">The project's slug.</param>
public sealed record Beginning(Guid Id, Guid Started, Guid ProjectId, string Project);

/// <summary>
/// Keeps windows and alerts as documents of their own, written with the events that make them: a deployment with thousands of windows would
/// otherwise rewrite them all with each.
/// </summary>
public sealed partial class ReadModels : EventProjection
{
    public ReadModels()
    {
        IncludeType<DeploymentOpened>();
        IncludeType<WindowClosed>();
        IncludeType<AlertFired>();
        IncludeType<AlertAcknowledged>();
        IncludeType<AlertEnded>();
    }

    public override async ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        switch (e.Data)
        {
            case DeploymentOpened opened:
                operations.Store(new Beginning(e.StreamId, e.Id, opened.ProjectId, opened.Project));
                break;
            case WindowClosed closed:
                operations.Store(new ClosedWindow(Ids.Window(e.StreamId, closed.Window.Number), e.StreamId, closed.Window.Number, closed.At, closed.Window));
                break;
            case AlertFired fired:
                var beginning = await operations.LoadAsync<Beginning>(e.StreamId, cancellation);
                operations.Store(new Alert(fired.Alert.Id, beginning!.ProjectId, e.StreamId, e.Id, fired.Alert, fired.At));
                break;
            case AlertAcknowledged acknowledged:
                if (await operations.LoadAsync<Alert>(acknowledged.AlertId, cancellation) is { } seen)
                    operations.Store(seen with { Acknowledged = acknowledged });
                break;
            case AlertEnded ended:
                if (await operations.LoadAsync<Alert>(ended.AlertId, cancellation) is { } over)
                    operations.Store(over with { Ended = ended });
                break;
            default:
                break;
        }
    }
}
