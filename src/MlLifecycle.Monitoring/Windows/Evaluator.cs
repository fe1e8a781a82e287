using System.Diagnostics.Metrics;
using System.Threading.Channels;
using JasperFx.Events;
using Marten;
using MlLifecycle.Monitoring.Alerts;
using MlLifecycle.Monitoring.Predictions;
using MlLifecycle.Monitoring.References;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;
using Npgsql;

namespace MlLifecycle.Monitoring.Windows;

/// <summary>
/// Evaluates closed windows, each exactly once whatever is restarted: what is due is in the database, and the stream of the deployment takes each
/// window once. It looks when predictions have completed a window here, and every second for those of other instances and of before a restart.
/// </summary>
public sealed class Evaluator(
    IDocumentStore store, WindowQueue queue, PredictionStore predictions, ReferenceStore references, TimeProvider clock, ILogger<Evaluator> log) : BackgroundService
{
    private static readonly Meter Meter = new("MlLifecycle.Monitoring.Windows");
    private static readonly Counter<long> Evaluated = Meter.CreateCounter<long>("mllifecycle.monitoring.windows", "{window}", "Windows evaluated");
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private const int Attempts = 5;
    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>There may be something to do.</summary>
    public void Wake() => _wakes.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await predictions.CloseQuietSpans(Origin.NewCorrelation(), stoppingToken);
                while (await EvaluateDue(stoppingToken))
                {
                }

                await Rest(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception outage) when (outage is NpgsqlException or TimeoutException or IOException)
            {
                log.LogWarning("Windows wait: {Problem}", outage.Message);
                await Task.Delay(Patience, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task Rest(CancellationToken ct)
    {
        using var until = CancellationTokenSource.CreateLinkedTokenSource(ct);
        until.CancelAfter(Look);
        try
        {
            await _wakes.Reader.ReadAsync(until.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // nobody woke it
        }
    }

    /// <summary>One window of each deployment that has one.</summary>
    /// <returns>Whether there may be more.</returns>
    private async Task<bool> EvaluateDue(CancellationToken ct)
    {
        var any = false;
        foreach (var window in await queue.Due(ct))
        {
            await using var held = await queue.TryHold(window.DeploymentId, ct);
            if (held is null || !await queue.IsDue(window, ct))
                continue; // another instance is at it, or was between the two looks
            try
            {
                await Evaluate(window, ct);
                Evaluated.Add(1);
                any = true;
            }
            catch (Exception fault) when (!ct.IsCancellationRequested && fault is not NpgsqlException { IsTransient: true })
            {
                // One deployment's trouble must not stop the others; the window stays due.
                log.LogError(fault, "Window {Place} of deployment {Deployment} could not be evaluated and will be tried again", window.Place, window.DeploymentId);
            }
        }

        return any;
    }

    private async Task Evaluate(DueWindow window, CancellationToken ct)
    {
        Deployment deployment;
        await using (var session = store.QuerySession())
            deployment = await session.LoadAsync<Deployment>(window.DeploymentId, ct) ?? throw new InvalidOperationException("The window is of a deployment that was never started.");
        var columns = deployment.Reference is { } reference ? await references.Load(reference.Id, ct) : [];
        var figures = new WindowFigures(columns, PredictionTable.Most(deployment.Plan!.WindowRows));
        await queue.Read(window, figures, ct);
        TimeSpan? span = deployment.Plan.WindowSeconds is { } seconds && window is { ClosedBy: "time", Place.Part: 0 } ? TimeSpan.FromSeconds(seconds) : null;
        var report = figures.Report(window.Place, window.ClosedBy, span, deployment.Reference?.Id);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await Commit(deployment, window, report, ct);
                return;
            }
            catch (Exception lost) when (attempt < Attempts && Deciding.IsLostRace(lost))
            {
                // somebody acted on the deployment meanwhile: decide on what holds now
            }
        }
    }

    private async Task Commit(Deployment known, DueWindow window, WindowReport report, CancellationToken ct)
    {
        await using var session = store.LightweightSession();
        var stream = await session.Events.FetchForWriting<Deployment>(window.DeploymentId, ct);
        var deployment = stream.Aggregate ?? known;
        var decision = CloseWindowSlice.Decide(deployment, report, clock.GetUtcNow());
        if (decision.Events.Count == 0)
            return; // another instance was faster, and has marked the window in the same commit
        var events = decision.Events.Select(session.Events.BuildEvent).ToArray();
        foreach (var e in events)
            e.Id = Guid.CreateVersion7();
        var causes = await Causes(session, window.DeploymentId, events, ct);
        foreach (var e in events)
            new Origin(deployment.ProjectId, causes.Project, JudgeRule.Actor, window.Correlation, causes.Of(e)).Stamp(e);
        stream.AppendMany(events);
        session.QueueSqlCommand(WindowQueue.MarkSql, deployment.Windows + 1, window.DeploymentId, window.Place.Span, window.Place.Part);
        await session.SaveChangesAsync(ct);
    }

    private static async Task<CausesOfWindow> Causes(IDocumentSession session, Guid deployment, IEvent[] events, CancellationToken ct)
    {
        var beginning = await session.LoadAsync<Beginning>(deployment, ct);
        var raised = new Dictionary<Guid, Guid>();
        foreach (var ended in events.Select(e => e.Data).OfType<AlertEnded>())
        {
            if (await session.LoadAsync<Alert>(ended.AlertId, ct) is { } alert)
                raised[ended.AlertId] = alert.EventId;
        }

        return new(beginning!, events[0].Id, events.FirstOrDefault(e => e.Data is DriftFound)?.Id, raised);
    }
}

/// <summary>What led to each event of a window: an alert about drift to the drift, an alert's end to its beginning, drift to the deployment.</summary>
internal sealed record CausesOfWindow(Beginning Beginning, Guid Closed, Guid? Drift, IReadOnlyDictionary<Guid, Guid> Raised)
{
    public string Project => Beginning.Project;

    public string? Of(IEvent e) => (e.Data switch
    {
        AlertFired { Alert.Metric: var metric } when WatchMetric.Parse(metric, out _) is { IsDrift: true } => Drift ?? Beginning.Started,
        AlertEnded ended when Raised.TryGetValue(ended.AlertId, out var raised) => raised,
        WindowClosed or DriftFound or AlertFired => Beginning.Started,
        _ => Closed,
    }).ToString();
}
