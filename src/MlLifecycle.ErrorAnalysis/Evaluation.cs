using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using MlLifecycle.ErrorAnalysis.Evaluations;
using MlLifecycle.ErrorAnalysis.Tables;
using MlLifecycle.ErrorAnalysis.Tags;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Tables;

namespace MlLifecycle.ErrorAnalysis;

/// <summary>A table of predictions and what it came to. It does not change once recorded.</summary>
public sealed record Evaluation(Guid Id) : IFolded<Evaluation>
{
    public Guid ProjectId { get; init; }

    public RecordEvaluation? Ask { get; init; }

    public string Name { get; init; } = "";

    /// <summary>SHA-256 of the good rows' table in this service's storage.</summary>
    public string Table { get; init; } = "";

    public long Examples { get; init; }

    public long Errors { get; init; }

    public ImmutableList<TagCount> Tags { get; init; } = [];

    public Confusion Confusion { get; init; } = Confusion.None;

    public ImmutableList<Column> Columns { get; init; } = [];

    public ImmutableList<RefusedRow> Refused { get; init; } = [];

    public long RefusedRows { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public string CreatedBy { get; init; } = "";

    public static Evaluation Initial(Guid id) => new(id);

    /// <summary>The id follows from the name, so that two uploads under one name meet in one stream, whoever comes first.</summary>
    public static Guid IdOf(Guid project, string name)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"evaluation\n{project}\n{name}"));
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80); // version 8: a digest of the owner's making (RFC 9562)
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return new Guid(digest.AsSpan(0, 16), bigEndian: true);
    }

    public Evaluation Evolve(object @event) => @event switch
    {
        EvaluationRecorded e => this with
        {
            ProjectId = e.ProjectId,
            Ask = e.Ask,
            Name = e.Ask.Name,
            Table = e.Facts.Digest,
            Examples = e.Facts.Examples,
            Errors = e.Facts.Errors,
            Tags = [.. e.Facts.Tags],
            Confusion = e.Facts.Confusion,
            Columns = [.. e.Facts.Columns],
            Refused = [.. e.Facts.Refused],
            RefusedRows = e.Facts.RefusedRows,
            CreatedAt = e.At,
            CreatedBy = e.By,
        },
        _ => this,
    };

    public TagCount? Tag(string name) => Tags.Find(tag => tag.Tag == name);
}
