using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Runs;

/// <summary>Starts a run in an experiment.</summary>
public sealed record CreateRun(string Name, string User, long StartTime, IReadOnlyDictionary<string, string> Tags);

internal sealed class CreateRunMessage
{
    public string? ExperimentId { get; init; }

    public string? UserId { get; init; }

    public string? RunName { get; init; }

    public long? StartTime { get; init; }

    public IReadOnlyList<Entry>? Tags { get; init; }
}

internal static class CreateRunSlice
{
    /// <param name="run">The run, of which the project and the experiment are known before it is there.</param>
    /// <param name="create">The command.</param>
    public static Decision Decide(Run run, CreateRun create) => run switch
    {
        { Exists: true } => Nothing,
        { ExperimentDeleted: true } => Mlflow.Invalid($"The experiment {run.Experiment} must be in the 'active' state. Current state is deleted."),
        _ => Accept(new RunCreated(run.ProjectId, run.Experiment, run.ExperimentName, create.Name, create.User, create.StartTime, create.Tags)),
    };

    public static async Task<IResult> Handle(
        Sent<CreateRunMessage> sent, Caller caller, RunJournal journal, TimeProvider clock, CancellationToken cancellation)
    {
        var message = sent.Message;
        if ((Names.TooLong("run_name", message.RunName, Names.RunName) ?? Names.TooLong("user_id", message.UserId, 256)) is { } tooLong)
            return new Refused(tooLong);
        if (Rules.Tags(message.Tags, out var tags, ofNewRun: true) is { } badTag)
            return new Refused(badTag);
        var tagged = tags.GetValueOrDefault(Mlflow.RunNameTag);
        if (message.RunName is { Length: > 0 } asked && tagged is { Length: > 0 } && asked != tagged)
            return new Refused(Mlflow.Invalid($"Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='{asked}', mlflow.runName='{tagged}')."));
        if (ExperimentRows.NumberOf(message.ExperimentId) is not { } experiment)
            return new Refused(Mlflow.UnknownExperiment(message.ExperimentId));

        var id = caller.NewId("run");
        var name = message.RunName is { Length: > 0 } ? message.RunName : tagged is { Length: > 0 } ? tagged : RunNames.Of(id);
        tags[Mlflow.RunNameTag] = name;
        var create = new CreateRun(name, message.UserId ?? "", message.StartTime ?? clock.GetUtcNow().ToUnixTimeMilliseconds(), tags);
        var command = new RunCommand(id, caller.Origin, run => Decide(run, create)) { NewIn = experiment, Whole = caller.IdempotencyKey is not null };
        var outcome = await journal.Commit(command, cancellation);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Of(new { Run = RunRecord.Of(outcome.State, outcome.ArtifactLocation) });
    }
}

/// <summary>Names for runs that were given none: easier to tell apart by eye and by ear than ids.</summary>
internal static class RunNames
{
    private static readonly string[] Qualities =
    [
        "able", "amber", "brave", "brisk", "calm", "clear", "clever", "crisp", "curious", "daring", "deft", "eager", "early", "fair", "fleet", "fond",
        "fresh", "gentle", "glad", "golden", "grand", "happy", "hardy", "honest", "jolly", "keen", "kind", "lively", "loyal", "lucid", "mellow", "merry",
        "mild", "neat", "nimble", "noble", "patient", "placid", "plucky", "polite", "proud", "quick", "quiet", "ready", "robust", "serene", "sharp", "silent",
        "silver", "smart", "solid", "spry", "steady", "stout", "sunny", "swift", "tidy", "vivid", "warm", "wise", "witty", "young", "zesty", "zippy",
    ];

    private static readonly string[] Creatures =
    [
        "ant", "badger", "bat", "bear", "beaver", "bee", "bison", "boar", "carp", "cat", "cod", "colt", "crab", "crane", "crow", "deer",
        "dove", "duck", "eagle", "eel", "elk", "falcon", "ferret", "finch", "fox", "frog", "gnu", "goat", "goose", "hare", "hawk", "heron",
        "horse", "ibis", "jay", "kite", "koala", "lark", "lemur", "lion", "loon", "lynx", "mole", "moose", "mouse", "newt", "orca", "otter",
        "owl", "panda", "perch", "pika", "quail", "rabbit", "raven", "robin", "seal", "shrew", "snail", "stork", "swan", "tern", "trout", "wren",
    ];

    public static string Of(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes);
        return $"{Qualities[bytes[15] % 64]}-{Creatures[bytes[14] % 64]}-{(bytes[13] << 8 | bytes[12]) % 1000}";
    }
}
