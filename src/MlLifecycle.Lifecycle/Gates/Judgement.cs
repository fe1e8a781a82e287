using System.Collections.Immutable;
using System.Globalization;

namespace MlLifecycle.Lifecycle.Gates;

/// <summary>
/// Judges every gate of a project from the facts heard so far and the waivers in force. Pure: the same standing and moment, the same verdict.
/// </summary>
public static class Judgement
{
    /// <summary>Every gate with its requirements, judged on no facts at all: the catalogue.</summary>
    public static readonly ImmutableArray<Gate> Catalogue = Of(Standing.Initial(Guid.Empty), DateTimeOffset.MinValue);

    public static ImmutableArray<Gate> Of(Standing standing, DateTimeOffset now) =>
    [
        Judge(standing, now, Stage.Scoping, (_, _) => ScopingGate.Judge(standing.Scope)),
        Judge(standing, now, Stage.Data, (since, waived) => DataGate.Judge(standing.Data, since, waived)),
        Judge(standing, now, Stage.Modeling, (since, waived) => ModelingGate.Judge(standing.Models, standing.Scope, standing.Data, since, waived)),
        Judge(standing, now, Stage.Deployment, (since, waived) => DeploymentGate.Judge(standing.Production, since, waived)),
    ];

    public static Gate? Gate(Standing standing, Stage stage, DateTimeOffset now) => Of(standing, now).FirstOrDefault(gate => gate.Stage == stage);

    private static Gate Judge(
        Standing standing, DateTimeOffset now, Stage stage, Func<DateTimeOffset, Predicate<string>, ImmutableArray<Judged>> judge)
    {
        var waived = standing.Waived(stage, now);
        return new(stage, [.. judge(standing.RenewedAt(stage), waived).Select(j => Verdict(j, waived(j.Id) ? standing.Waiver(stage, j.Id) : null))]);
    }

    private static Requirement Verdict(Judged judged, Waiver? waiver) => (judged.Finding.Evidence, waiver) switch
    {
        ({ } evidence, _) => new(judged.Id, judged.Title, Status.Met, evidence, waiver, judged.Finding.Why),
        (null, { } given) => new(judged.Id, judged.Title, Status.Waived, null, given, Said(given)),
        _ => new(judged.Id, judged.Title, Status.Missing, null, null, judged.Finding.Why),
    };

    private static string Said(Waiver waiver) => waiver.Until is { } until
        ? $"Waived by {waiver.By} until {until.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)}: {waiver.Reason}"
        : $"Waived by {waiver.By} for this iteration: {waiver.Reason}";
}
