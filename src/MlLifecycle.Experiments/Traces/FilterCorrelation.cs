using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Search;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Traces;

internal sealed class FilterCorrelationMessage
{
    public IReadOnlyList<string>? ExperimentIds { get; init; }

    public string? FilterString1 { get; init; }

    public string? FilterString2 { get; init; }

    public string? BaseFilter { get; init; }
}

/// <summary>How far two properties of traces go together: normalized pointwise mutual information (Bouma 2009), from −1 to 1.</summary>
internal static class FilterCorrelation
{
    /// <summary>Jeffreys' prior, for the smoothed value.</summary>
    private const double Prior = 0.5;

    public static async Task<IResult> Handle(Sent<FilterCorrelationMessage> sent, Caller caller, NpgsqlDataSource source, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (message.ExperimentIds is not { Count: > 0 } experiments)
            return new Refused(Mlflow.Missing("experiment_ids"));
        if (string.IsNullOrEmpty(message.FilterString1) || string.IsNullOrEmpty(message.FilterString2))
            return new Refused(Mlflow.Missing(string.IsNullOrEmpty(message.FilterString1) ? "filter_string1" : "filter_string2"));
        if ((SearchWords.Read(message.FilterString1, null, Vocabulary.Traces, out var first, out _)
            ?? SearchWords.Read(message.FilterString2, null, Vocabulary.Traces, out _, out _)
            ?? SearchWords.Read(message.BaseFilter, null, Vocabulary.Traces, out _, out _)) is { } wrong)
            return new Refused(wrong);
        SearchWords.Read(message.FilterString2, null, Vocabulary.Traces, out var second, out _);
        SearchWords.Read(message.BaseFilter, null, Vocabulary.Traces, out var all, out _);
        var (total, one, two, joint) = (await Count(all), await Count([.. all, .. first]), await Count([.. all, .. second]), await Count([.. all, .. first, .. second]));
        return Answer.Of(new
        {
            Npmi = Npmi(joint, one, two, total, 0),
            npmi_smoothed = Npmi(joint, one, two, total, Prior),
            filter1_count = one,
            filter2_count = two,
            joint_count = joint,
            total_count = total,
        });

        async Task<long> Count(IReadOnlyList<Condition> clauses)
        {
            var sql = new Sql();
            await using var command = sql.On(source, $"SELECT count(*) FROM tracking.traces t WHERE {SearchTracesSlice.Scope(caller.ProjectId, experiments, clauses, sql)}");
            return (long)(await command.ExecuteScalarAsync(cancellation))!;
        }
    }

    /// <summary>Not a number where nothing can be said: nothing at all, or a property that nothing has.</summary>
    public static double Npmi(long joint, long one, long two, long total, double prior)
    {
        if (total == 0 || (prior == 0 && (one == 0 || two == 0)))
            return double.NaN;
        if (prior == 0 && joint == 0)
            return -1;
        var (n, together) = (total + (4 * prior), joint + prior);
        var pmi = Math.Log(together * n / ((one + (2 * prior)) * (two + (2 * prior))));
        return together >= n ? 1 : Math.Clamp(pmi / -Math.Log(together / n), -1, 1);
    }
}
