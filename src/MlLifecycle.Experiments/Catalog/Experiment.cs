using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Catalog;

/// <summary>A named set of runs that answer one question.</summary>
/// <param name="Id">The stream.</param>
public sealed record Experiment(Guid Id) : IFolded<Experiment>
{
    public bool Exists { get; init; }

    public Guid ProjectId { get; init; }

    /// <summary>Its number in the project, which clients know as its id.</summary>
    public long Number { get; init; }

    public string Name { get; init; } = "";

    /// <summary>Under which its runs' artifacts are.</summary>
    public string ArtifactLocation { get; init; } = "";

    /// <summary>The request that made it, when that named itself.</summary>
    public Guid? Request { get; init; }

    public bool Deleted { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public long Created { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public long Updated { get; init; }

    public ImmutableDictionary<string, string> Tags { get; init; } = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    public static Experiment Initial(Guid id) => new(id);

    /// <summary>The stream of a project's experiment of that number: two that are created at once cannot both have it.</summary>
    /// <param name="project">The project.</param>
    /// <param name="number">The number.</param>
    public static Guid IdOf(Guid project, long number)
    {
        Span<byte> named = stackalloc byte[34];
        project.TryWriteBytes(named, bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(named[16..], number);
        Encoding.ASCII.GetBytes("experiment", named[24..]);
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(named, digest);
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80); // version 8: a digest of the owner's making (RFC 9562)
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return new Guid(digest[..16], bigEndian: true);
    }

    public Experiment Evolve(object @event) => @event switch
    {
        ExperimentCreated e => this with
        {
            Exists = true,
            ProjectId = e.ProjectId,
            Number = e.Number,
            Name = e.Name,
            ArtifactLocation = e.ArtifactLocation,
            Created = e.Time,
            Updated = e.Time,
            Tags = Tags.SetItems(e.Tags),
            Request = e.Request,
        },
        ExperimentRenamed e => this with { Name = e.Name, Updated = e.Time },
        ExperimentDeleted e => this with { Deleted = true, Updated = e.Time },
        ExperimentRestored e => this with { Deleted = false, Updated = e.Time },
        ExperimentTagSet e => this with { Tags = Tags.SetItem(e.Key, e.Value), Updated = e.Time },
        ExperimentTagRemoved e => this with { Tags = Tags.Remove(e.Key), Updated = e.Time },
        _ => this,
    };
}

public sealed record ExperimentCreated(
    Guid ProjectId, long Number, string Name, string ArtifactLocation, long Time, IReadOnlyDictionary<string, string> Tags)
{
    /// <summary>Tells a retry of the request from another one; null when the caller gave no <c>Idempotency-Key</c>.</summary>
    public Guid? Request { get; init; }
}

public sealed record ExperimentRenamed(string Name, long Time);

public sealed record ExperimentDeleted(long Time);

public sealed record ExperimentRestored(long Time);

public sealed record ExperimentTagSet(string Key, string Value, long Time);

public sealed record ExperimentTagRemoved(string Key, long Time);
