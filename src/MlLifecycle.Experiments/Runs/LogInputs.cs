using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Runs;

internal sealed class LogInputsMessage
{
    public string? RunId { get; init; }

    public IReadOnlyList<DatasetInputMessage>? Datasets { get; init; }

    public IReadOnlyList<RunModelMessage>? Models { get; init; }
}

internal sealed class DatasetInputMessage
{
    public IReadOnlyList<Entry>? Tags { get; init; }

    public DatasetMessage? Dataset { get; init; }
}

internal sealed class DatasetMessage
{
    public string? Name { get; init; }

    public string? Digest { get; init; }

    public string? SourceType { get; init; }

    public string? Source { get; init; }

    public string? Schema { get; init; }

    public string? Profile { get; init; }
}

/// <summary>Says which data, and which logged models, a run used.</summary>
internal static class LogInputsSlice
{
    public static Refusal? Check(IReadOnlyList<DatasetInputMessage> sent, out List<Input> inputs)
    {
        inputs = [];
        for (var i = 0; i < sent.Count; i++)
        {
            var at = $"datasets[{i}].";
            if (sent[i]?.Dataset is not { } data)
                return Mlflow.Missing(at + "dataset");
            if ((Required(at + "dataset.name", data.Name, Names.DatasetName)
                ?? Required(at + "dataset.digest", data.Digest, Names.DatasetDigest)
                ?? Required(at + "dataset.source_type", data.SourceType, Names.DatasetSource)
                ?? Required(at + "dataset.source", data.Source, Names.DatasetSource)
                ?? Fits(at + "dataset.schema", data.Schema, Names.DatasetSchema)
                ?? Fits(at + "dataset.profile", data.Profile, Names.DatasetProfile)) is { } bad)
                return bad;
            var tags = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var tag in sent[i].Tags ?? [])
            {
                if ((Required(at + "tags.key", tag.Key, Names.InputTagKey) ?? Fits(at + "tags.value", tag.Value, Names.InputTagValue)) is { } badTag)
                    return badTag;
                tags[tag.Key!] = tag.Value ?? "";
            }

            inputs.Add(new(data.Name!, data.Digest!, data.SourceType!, data.Source!, data.Schema, data.Profile, tags));
        }

        return null;

        static Refusal? Required(string parameter, string? value, int limit) =>
            string.IsNullOrEmpty(value) ? Mlflow.Missing(parameter) : Fits(parameter, value, limit);

        // MLflow names the field alone; where it stands is told besides.
        static Refusal? Fits(string parameter, string? value, int limit) => Names.TooLong(parameter[(parameter.LastIndexOf('.') + 1)..], value, limit) is { } tooLong
            ? tooLong with { Detail = $"{tooLong.Detail} ({parameter})" }
            : null;
    }

    public static async Task<IResult> Handle(Sent<LogInputsMessage> sent, Caller caller, RunJournal journal, CancellationToken cancellation)
    {
        if (Rules.Named(sent.Message.RunId, null, out var run) is { } badRun)
            return new Refused(badRun);
        if (Check(sent.Message.Datasets ?? [], out var inputs) is { } badData)
            return new Refused(badData);
        return RunLinks.Check(sent.Message.Models ?? [], output: false, out var models) is { } bad
            ? new Refused(bad)
            : await RunLinks.Commit(run, inputs, models, caller, journal, cancellation);
    }
}
