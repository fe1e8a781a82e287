using System.Threading.Channels;
using Npgsql;

namespace MlLifecycle.Experiments.Runs;

/// <summary>
/// The one way runs change. Commands that arrive while others are being committed share the next commit, so that many small writes cost one
/// flush of the log; each is decided by itself and answered only after its data is durable. A run's commands keep their order.
/// </summary>
internal sealed class RunJournal(RunCommit commit, ILogger<RunJournal> log) : BackgroundService
{
    // Enough to keep the database busy while results travel; commands of one run always take the same lane.
    private const int Lanes = 2;
    private const int Waiting = 128;
    private const int CommandsPerCommit = 256;
    private const int PointsPerCommit = 20_000;

    private readonly Channel<Pending>[] _lanes =
        [.. Enumerable.Range(0, Lanes).Select(_ => Channel.CreateBounded<Pending>(new BoundedChannelOptions(Waiting) { SingleReader = true }))];

    /// <summary>Decides and commits.</summary>
    /// <param name="command">The command.</param>
    /// <param name="cancellation">Takes the command back while it waits.</param>
    public async Task<RunOutcome> Commit(RunCommand command, CancellationToken cancellation)
    {
        var pending = new Pending(command, cancellation);
        await _lanes[(uint)command.Run.GetHashCode() % Lanes].Writer.WriteAsync(pending, cancellation);
        return await pending.Outcome;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var lane in _lanes)
            lane.Writer.TryComplete();
        await base.StopAsync(cancellationToken);
    }

    // What was accepted before the stop is still carried out: the lanes are closed, then read to their ends.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(_lanes.Select(lane => Work(lane.Reader)));

    private async Task Work(ChannelReader<Pending> lane)
    {
        var batch = new List<Pending>(CommandsPerCommit);
        while (await lane.WaitToReadAsync())
        {
            batch.Clear();
            for (var points = 0; batch.Count < CommandsPerCommit && points < PointsPerCommit && lane.TryRead(out var next);)
            {
                if (next.TakenBack())
                    continue;
                batch.Add(next);
                points += next.Command.Points.Count;
            }

            if (batch.Count > 0)
                await Carry(batch);
        }
    }

    private async Task Carry(List<Pending> batch)
    {
        try
        {
            var outcomes = await commit.Commit([.. batch.Select(pending => pending.Command)]);
            for (var i = 0; i < batch.Count; i++)
                batch[i].Answer(outcomes[i]);
        }
        catch (Exception failure) when (batch.Count > 1 || IsRace(failure))
        {
            // One command's failure must not be the others': each again by itself.
            log.LogInformation("A commit of {Count} commands failed ({Problem}); each is tried by itself", batch.Count, failure.Message);
            foreach (var pending in batch)
            {
                try
                {
                    pending.Answer((await commit.Commit([pending.Command]))[0]);
                }
                catch (Exception alone)
                {
                    pending.Fail(alone);
                }
            }
        }
        catch (Exception failure)
        {
            batch[0].Fail(failure);
        }
    }

    private static bool IsRace(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.UniqueViolation };

    private sealed class Pending(RunCommand command, CancellationToken cancellation)
    {
        private readonly TaskCompletionSource<RunOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public RunCommand Command => command;

        public Task<RunOutcome> Outcome => _outcome.Task;

        public bool TakenBack() => cancellation.IsCancellationRequested && _outcome.TrySetCanceled(cancellation);

        public void Answer(RunOutcome outcome) => _outcome.TrySetResult(outcome);

        public void Fail(Exception failure) => _outcome.TrySetException(failure);
    }
}
