using System.Globalization;
using Marten;
using MlLifecycle.Experiments.Metrics;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Events;
using Npgsql;

namespace MlLifecycle.Experiments.Runs;

/// <summary>Carries out commands on runs in one transaction: load what they ask about, decide each, write tables and events, commit.</summary>
internal sealed class RunCommit(NpgsqlDataSource source, IDocumentStore store, ChunkMerger merger)
{
    /// <summary>Commits the commands; each that is refused leaves no trace.</summary>
    /// <param name="commands">In the order of their arrival.</param>
    /// <returns>Their outcomes, in the same order.</returns>
    public async Task<IReadOnlyList<RunOutcome>> Commit(IReadOnlyList<RunCommand> commands)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var runs = await RunLoad.Read(connection, commands);
        var outcomes = commands.Select(command => Decide(runs.GetValueOrDefault(command.Run), command)).ToList();
        var changed = runs.Values.Where(run => run.Events.Count > 0 || run.Points.Count > 0).OrderBy(run => run.Key).ToList();
        if (changed.Count == 0)
            return outcomes;

        await RunTables.Write(connection, changed);
        // Last before the commit: what reads the log in order waits for the numbers a transaction has taken.
        await Append(transaction, changed);
        await transaction.CommitAsync();
        foreach (var run in changed.Where(run => run.Points.Count > 0))
            merger.Notice(run.Key);
        return outcomes;
    }

    private static RunOutcome Decide(RunInWork? run, RunCommand command)
    {
        if (run is null || run.State.ProjectId != command.Origin.ProjectId)
            return new(Run.Initial(command.Run), command.NewIn is { } number ? Mlflow.UnknownExperiment(number.ToString(CultureInfo.InvariantCulture)) : Mlflow.UnknownRun(Run.IdOf(command.Run)));
        var decision = command.Decide(run.State);
        if (decision.Refusal is null)
            run.Take(decision.Events, command.Origin, command.Points);
        return new(run.State, decision.Refusal, run.ArtifactLocation);
    }

    private async Task Append(NpgsqlTransaction transaction, List<RunInWork> changed)
    {
        if (changed.All(run => run.Events.Count == 0))
            return;
        await using var session = store.LightweightSession(Marten.Services.SessionOptions.ForTransaction(transaction));
        foreach (var run in changed.Where(run => run.Events.Count > 0))
        {
            var events = run.Events.Select(@event =>
            {
                var wrapped = session.Events.BuildEvent(@event.Event);
                wrapped.Id = Guid.CreateVersion7();
                @event.Origin.Stamp(wrapped);
                return wrapped;
            }).ToArray();
            if (run.New)
                session.Events.StartStream(run.Id, events);
            else
                session.Events.Append(run.Id, events);
        }

        await session.SaveChangesAsync();
    }
}

/// <summary>A run while commands on it are being carried out.</summary>
/// <param name="id">The run.</param>
/// <param name="key">Its key in the tables.</param>
/// <param name="experiment">Its experiment's key in the tables.</param>
/// <param name="artifactLocation">Under which the artifacts of its experiment are.</param>
/// <param name="marks">Those of its parameters.</param>
/// <param name="state">What is known of it.</param>
internal sealed class RunInWork(Guid id, long key, int experiment, string artifactLocation, long marks, Run state)
{
    public Guid Id => id;

    public long Key => key;

    public int Experiment => experiment;

    public string ArtifactLocation => artifactLocation;

    /// <summary>The marks of its parameters, with what was decided so far.</summary>
    public long Marks { get; private set; } = marks;

    /// <summary>As it was loaded.</summary>
    public Run Before { get; } = state;

    public Run State { get; set; } = state;

    public bool New => !Before.Exists;

    public List<(object Event, Origin Origin)> Events { get; } = [];

    public List<MetricPoint> Points { get; } = [];

    /// <summary>The run with what was loaded into it as its beginning.</summary>
    public RunInWork Loaded() => new(id, key, experiment, artifactLocation, Marks, State);

    public void Take(IReadOnlyList<object> events, Origin origin, IReadOnlyList<MetricPoint> points)
    {
        foreach (var @event in events)
        {
            State = State.Evolve(@event);
            Events.Add((@event, origin));
            if (@event is ParamsLogged logged)
                Marks |= ParamMarks.Of(logged.Params);
        }

        State = State.With(points);
        Points.AddRange(points);
    }
}
