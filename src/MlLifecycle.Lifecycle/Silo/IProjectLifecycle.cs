using MlLifecycle.Lifecycle.Facts;
using MlLifecycle.Lifecycle.Moves;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;

namespace MlLifecycle.Lifecycle.Silo;

/// <summary>One project's lifecycle, addressed by the project's id.</summary>
public interface IProjectLifecycle : IGrainWithGuidKey
{
    /// <summary>Takes in a fact. A fact it knows has no effect.</summary>
    Task Hear(Heard heard);

    Task<Answer> Waive(WaiveRequirement waive, Origin origin, long? seen);

    Task<Answer> Move(MoveProject move, Origin origin, long? seen);

    /// <summary>Puts on record the waivers that have ended.</summary>
    Task ExpireWaivers();
}

/// <summary>How a command ended: the stream's version, or why it was refused.</summary>
[GenerateSerializer]
[Immutable]
public sealed record Answer(long Version, Refusal? Refusal);

/// <summary>Carries <see cref="Origin"/> between silos.</summary>
[GenerateSerializer]
public record struct OriginSurrogate(Guid ProjectId, string Project, string Actor, string CorrelationId, string? CausationId);

[RegisterConverter]
public sealed class OriginConverter : IConverter<Origin, OriginSurrogate>
{
    public Origin ConvertFromSurrogate(in OriginSurrogate surrogate) =>
        new(surrogate.ProjectId, surrogate.Project, surrogate.Actor, surrogate.CorrelationId, surrogate.CausationId);

    public OriginSurrogate ConvertToSurrogate(in Origin value) => new(value.ProjectId, value.Project, value.Actor, value.CorrelationId, value.CausationId);
}

/// <summary>Carries <see cref="Refusal"/> between silos.</summary>
[GenerateSerializer]
public record struct RefusalSurrogate(int Status, string Code, string Detail, string? Field);

[RegisterConverter]
public sealed class RefusalConverter : IConverter<Refusal, RefusalSurrogate>
{
    public Refusal ConvertFromSurrogate(in RefusalSurrogate surrogate) => new(surrogate.Status, surrogate.Code, surrogate.Detail) { Field = surrogate.Field };

    public RefusalSurrogate ConvertToSurrogate(in Refusal value) => new(value.Status, value.Code, value.Detail, value.Field);
}
