using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Traces;

/// <summary>What one request did, step by step: its outline. The steps themselves, the spans, are kept beside the stream.</summary>
/// <param name="Id">The stream.</param>
public sealed record Trace(Guid Id) : IFolded<Trace>
{
    private static readonly ImmutableDictionary<string, string> None = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    public bool Exists { get; init; }

    public bool Deleted { get; init; }

    public Guid ProjectId { get; init; }

    /// <summary>As clients know it, as in <c>tr-…</c>.</summary>
    public string TraceId { get; init; } = "";

    /// <summary>The experiment's number in its project.</summary>
    public long Experiment { get; init; }

    public string? ClientRequestId { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public long RequestTime { get; init; }

    public long? DurationMs { get; init; }

    public TraceState State { get; init; } = TraceState.InProgress;

    public string? RequestPreview { get; init; }

    public string? ResponsePreview { get; init; }

    public ImmutableDictionary<string, string> Metadata { get; init; } = None;

    public ImmutableDictionary<string, string> Tags { get; init; } = None;

    /// <summary>Assessments by their ids, each as MLflow writes it.</summary>
    public ImmutableDictionary<string, string> Assessments { get; init; } = None;

    /// <summary>Runs it was linked to afterwards.</summary>
    public ImmutableSortedSet<string> Runs { get; init; } = [];

    public bool Active => Exists && !Deleted;

    public static Trace Initial(Guid id) => new(id);

    /// <summary>The stream of a project's trace: ids of traces are the clients' own.</summary>
    public static Guid IdOf(Guid project, string traceId)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{project:N}\ntrace\n{traceId}"));
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80); // version 8: a digest of the owner's making (RFC 9562)
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return new Guid(digest.AsSpan(0, 16), bigEndian: true);
    }

    public Trace Evolve(object @event) => @event switch
    {
        TraceRecorded e => this with
        {
            Exists = true,
            Deleted = false,
            ProjectId = e.ProjectId,
            TraceId = e.TraceId,
            Experiment = e.Experiment,
            ClientRequestId = e.ClientRequestId ?? ClientRequestId,
            RequestTime = e.RequestTime,
            DurationMs = e.DurationMs ?? DurationMs,
            State = e.State,
            RequestPreview = e.RequestPreview ?? RequestPreview,
            ResponsePreview = e.ResponsePreview ?? ResponsePreview,
            Metadata = Metadata.SetItems(e.Metadata),
            Tags = Tags.SetItems(e.Tags),
        },
        TraceTagSet e => this with { Tags = Tags.SetItem(e.Key, e.Value) },
        TraceTagRemoved e => this with { Tags = Tags.Remove(e.Key) },
        TraceLinked e => this with { Runs = Runs.Add(e.RunId) },
        TraceAssessed e => this with { Assessments = Assessments.SetItem(e.AssessmentId, e.Content) },
        AssessmentWithdrawn e => this with { Assessments = Assessments.Remove(e.AssessmentId) },
        TraceDeleted => Initial(Id) with { Exists = true, Deleted = true, ProjectId = ProjectId, TraceId = TraceId, Experiment = Experiment },
        _ => this,
    };
}

/// <summary>MLflow's names of a trace's states.</summary>
public enum TraceState
{
    StateUnspecified = 0,
    Ok = 1,
    Error = 2,
    InProgress = 3,
}

/// <summary>The outline of a trace as a client, or its root span, tells it; what is null or not named stays as it was.</summary>
public sealed record TraceRecorded(
    Guid ProjectId,
    string TraceId,
    long Experiment,
    string? ClientRequestId,
    long RequestTime,
    long? DurationMs,
    TraceState State,
    string? RequestPreview,
    string? ResponsePreview,
    IReadOnlyDictionary<string, string> Metadata,
    IReadOnlyDictionary<string, string> Tags);

public sealed record TraceTagSet(string Key, string Value);

public sealed record TraceTagRemoved(string Key);

public sealed record TraceLinked(string RunId);

public sealed record TraceAssessed(string AssessmentId, string Content);

public sealed record AssessmentWithdrawn(string AssessmentId);

public sealed record TraceDeleted(string TraceId);
