using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using Marten;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Catalog;

/// <summary>Opens an experiment in a project.</summary>
public sealed record CreateExperiment(Guid ProjectId, long Number, string Name, string? ArtifactLocation, IReadOnlyDictionary<string, string> Tags)
{
    /// <summary>Tells a retry of the request from another one; null when the caller gave no <c>Idempotency-Key</c>.</summary>
    public Guid? Request { get; init; }
}

internal sealed class CreateExperimentMessage
{
    public string? Name { get; init; }

    public string? ArtifactLocation { get; init; }

    public IReadOnlyList<Entry>? Tags { get; init; }
}

internal static class CreateExperimentSlice
{
    private const string NumberTaken = "number-taken";

    public static Decision Decide(Experiment experiment, CreateExperiment create, long now) => experiment.Exists
        ? Refuse(409, NumberTaken, $"Experiment {create.Number} exists.")
        : Accept(new ExperimentCreated(
            create.ProjectId,
            create.Number,
            create.Name,
            create.ArtifactLocation ?? string.Create(CultureInfo.InvariantCulture, $"mlflow-artifacts:/{create.Number}"),
            now,
            create.Tags)
        {
            Request = create.Request,
        });

    public static Refusal? Check(CreateExperimentMessage message)
    {
        if (Names.CheckExperimentName("name", message.Name) is { } badName)
            return badName;
        if (message.ArtifactLocation is { Length: > 0 } location
            && (location.Length > 2048 || location.StartsWith("runs:", StringComparison.Ordinal) || location.AsSpan().ContainsAny('#', ';') || location.Contains("..", StringComparison.Ordinal)
                || (location.Contains('?', StringComparison.Ordinal) && ArtifactStore.PathOf(location) is not null)))
            return Mlflow.InvalidValue("artifact_location", location, "It must be a location without '..', parameters or a fragment, on this server without a query too, and not of a run.");
        var tags = message.Tags ?? [];
        for (var i = 0; i < tags.Count; i++)
        {
            if (ExperimentTagSlice.Check($"tags[{i}].key", tags[i].Key, $"tags[{i}].value", tags[i].Value) is { } badTag)
                return badTag;
        }

        return null;
    }

    public static async Task<IResult> Handle(
        Sent<CreateExperimentMessage> sent, Caller caller, ExperimentRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (Check(message) is { } bad)
            return new Refused(bad);
        var tags = (message.Tags ?? []).GroupBy(t => t.Key!, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last().Value ?? "", StringComparer.Ordinal);
        Guid? request = caller.IdempotencyKey is null ? null : caller.NewId("experiment");
        while (true)
        {
            if (await rows.FindByName(caller.ProjectId, message.Name!, cancellation) is { } present)
            {
                return request is not null && (await session.LoadAsync<Experiment>(present.Stream, cancellation))?.Request == request
                    ? Answer.Of(new { experiment_id = present.Id }) // this very request made it before
                    : new Refused(Taken(present.Name, present.Deleted));
            }

            var number = await rows.NextNumber(caller.ProjectId, cancellation);
            var create = new CreateExperiment(caller.ProjectId, number, message.Name!, message.ArtifactLocation is { Length: > 0 } location ? location.TrimEnd('/') : null, tags) { Request = request };
            var outcome = await session.Decide<Experiment>(
                Experiment.IdOf(caller.ProjectId, number),
                caller.Origin,
                experiment => Decide(experiment, create, clock.GetUtcNow().ToUnixTimeMilliseconds()),
                cancellation,
                alongside: ExperimentRows.Write);
            switch (outcome.Refusal)
            {
                case null:
                    return Answer.Of(new { experiment_id = number.ToString(CultureInfo.InvariantCulture) });
                case { Code: NumberTaken or "lost-race" }:
                    continue; // another one was created at this moment: take the next number
                case { Code: "already-exists" }:
                    return new Refused(Taken(message.Name!, deleted: false));
                default:
                    return new Refused(outcome.Refusal);
            }
        }
    }

    public static Refusal Taken(string name, bool deleted) => Mlflow.Taken(deleted
        ? $"Experiment(name={name}) already exists in the deleted state. Restore it, or choose another name."
        : $"Experiment(name={name}) already exists.");
}

/// <summary>Sees to it that experiment 0, <c>Default</c>, is there in each project whose experiments anybody asks about.</summary>
internal sealed class DefaultExperiments(IDocumentStore store, TimeProvider clock) : IEndpointFilter
{
    private readonly ConcurrentDictionary<Guid, bool> _seen = new();

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (context.Arguments.OfType<Caller>().FirstOrDefault() is { } caller && !_seen.ContainsKey(caller.ProjectId))
            await Ensure(caller, context.HttpContext.RequestAborted);
        return await next(context);
    }

    private async Task Ensure(Caller caller, CancellationToken cancellation)
    {
        var create = new CreateExperiment(caller.ProjectId, Mlflow.DefaultExperiment, "Default", null, Experiment.Initial(Guid.Empty).Tags);
        await using var session = store.LightweightSession();
        await session.Decide<Experiment>(
            Experiment.IdOf(caller.ProjectId, create.Number),
            new Origin(caller.ProjectId, caller.Project, "experiments", caller.CorrelationId),
            experiment => experiment.Exists ? Nothing : CreateExperimentSlice.Decide(experiment, create, Begun(caller.ProjectId, clock.GetUtcNow().ToUnixTimeMilliseconds())),
            cancellation,
            alongside: ExperimentRows.Write);
        _seen[caller.ProjectId] = true;
    }

    // It is there from the project's beginning on, which a project's id tells (RFC 9562, version 7).
    private static long Begun(Guid project, long now)
    {
        Span<byte> id = stackalloc byte[16];
        project.TryWriteBytes(id, bigEndian: true, out _);
        return project.Version == 7 ? Math.Min(now, BinaryPrimitives.ReadInt64BigEndian(id) >>> 16) : now;
    }
}
