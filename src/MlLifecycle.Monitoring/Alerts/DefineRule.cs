using Marten;
using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.Monitoring.Drift;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Monitoring.Alerts;

/// <summary>Watches a figure of a deployment's windows. Defining the name again replaces it: that is how a threshold moves.</summary>
/// <param name="Name">Its name on the deployment.</param>
/// <param name="Deployment">The deployment's name.</param>
/// <param name="Metric">As in <c>drift:brightness</c> or <c>latencyMs:p95</c>.</param>
/// <param name="Threshold">Where it fires. For the drift of one column it may be left out: then the verdict of the method decides.</param>
/// <param name="Direction"><c>above</c> or <c>below</c>: on which side of the threshold something is wrong.</param>
/// <param name="Severity"><c>warning</c> or <c>critical</c>.</param>
/// <param name="Kind"><c>input</c>, <c>output</c> or <c>software</c>; without one, what the metric is.</param>
/// <param name="For">How many windows in a row must violate it before it fires.</param>
public sealed record DefineRule(
    string Name, string Deployment, string Metric, double? Threshold = null, string Direction = "above", string Severity = "warning", string? Kind = null, int For = 1);

/// <param name="Threshold">The threshold in force when it was defined.</param>
public sealed record RuleDefined(Guid DeploymentId, DefineRule Rule, double Threshold, DateTimeOffset At, string By);

/// <summary>A rule that is violated, but not for long enough; or no longer.</summary>
/// <param name="Streak">Windows in a row that violate it.</param>
public sealed record RuleJudged(string Rule, int Streak);

/// <summary>A rule and where it stands.</summary>
public sealed record WatchedRule(DefineRule Rule, double Threshold)
{
    public string Name => Rule.Name;

    /// <summary>Windows in a row that violate it, while it has not fired.</summary>
    public int Streak { get; init; }

    /// <summary>Its open alert; there is at most one.</summary>
    public OpenAlert? Open { get; init; }

    /// <summary>The alert of it that ended last.</summary>
    public Guid? LastEnded { get; init; }

    public DateTimeOffset DefinedAt { get; init; }

    public string DefinedBy { get; init; } = "";
}

public sealed record OpenAlert(Guid Id, bool Acknowledged);

public sealed record RuleView(
    string Name, string Deployment, string Kind, string Metric, double Threshold, string Direction, string Severity, int For, Guid? OpenAlert, DateTimeOffset DefinedAt, string DefinedBy)
{
    public static RuleView Of(WatchedRule r) => new(
        r.Name, r.Rule.Deployment, r.Rule.Kind!, r.Rule.Metric, r.Threshold, r.Rule.Direction, r.Rule.Severity, r.Rule.For, r.Open?.Id, r.DefinedAt, r.DefinedBy);
}

public static class DefineRuleSlice
{
    private const int MostRules = 200;
    private const int LongestStreak = 1000;

    public static readonly string[] Kinds = ["input", "output", "software"];

    public static Decision Decide(Deployment deployment, DefineRule define, DateTimeOffset now, string actor)
    {
        if (Check(define, out var metric) is { } refusal)
            return refusal;
        var rule = define with { Deployment = deployment.Name, Kind = define.Kind ?? metric!.Kinds[0] };
        if (deployment.Rule(rule.Name)?.Rule == rule)
            return Nothing; // a retry
        if (deployment.Rule(rule.Name) is null && deployment.Rules.Count >= MostRules)
            return Refuse(409, "too-many-rules", $"Deployment '{deployment.Name}' has {MostRules} rules already. Redefine one of them instead.");
        return Accept(new RuleDefined(deployment.Id, rule, rule.Threshold ?? DriftRule.Threshold(deployment.Reference?.Rows ?? long.MaxValue), now, actor));
    }

    public static async Task<IResult> Handle(DefineRule command, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken ct)
    {
        if (await ReadDeployments.Find(session, caller, command.Deployment, default, ct) is null)
            return new Refused(InvalidInput("deployment", $"'{command.Deployment}' is no deployment of this project. Start it first: POST …/deployments."));
        return await ReadDeployments.Change(
            command.Deployment, caller, session, default, d => Decide(d, command, clock.GetUtcNow(), caller.Actor),
            d => TypedResults.Created($"/api/projects/{caller.Project}/alert-rules", RuleView.Of(d.Rule(command.Name)!)), ct);
    }

    /// <summary>The project's rules, by deployment and name.</summary>
    public static async Task<IResult> List(Caller caller, IQuerySession session, At at, string? deployment, int? limit, string? after, CancellationToken ct)
    {
        if (Cursor.Decode<string[]>(after, out var place) is { } badCursor)
            return new Refused(badCursor);
        if (place is not (null or [_, _]))
            return new Refused(InvalidInput("after", "is not a cursor of this list: pass 'next' of the page before."));
        var take = Cursor.Limit(limit);
        var query = session.Query<Deployment>().Where(d => d.ProjectId == caller.ProjectId);
        if (deployment is not null)
            query = query.Where(d => d.Name == deployment);
        var rules = new List<WatchedRule>();
        foreach (var d in await query.ToListAsync(ct))
            rules.AddRange((at.Time is null ? d : await session.Past<Deployment>(d.Id, at, ct))?.Rules ?? []);
        var rest = rules
            .OrderBy(r => r.Rule.Deployment, StringComparer.Ordinal).ThenBy(r => r.Name, StringComparer.Ordinal)
            .Where(r => place is null || Compare(r, place) > 0)
            .Take(take + 1).ToList();
        var page = Page.Of(rest, take, r => new[] { r.Rule.Deployment, r.Name });
        return TypedResults.Ok(new Page<RuleView>([.. page.Items.Select(RuleView.Of)], page.Next));
    }

    private static int Compare(WatchedRule rule, string[] place) =>
        string.CompareOrdinal(rule.Rule.Deployment, place[0]) is not 0 and var order ? order : string.CompareOrdinal(rule.Name, place[1]);

    private static Refusal? Check(DefineRule rule, out WatchMetric? metric)
    {
        metric = null;
        if (Fields.First(Fields.Name("name", rule.Name), Fields.Text("metric", rule.Metric, 220)) is { } refusal)
            return refusal;
        metric = WatchMetric.Parse(rule.Metric, out var unknown);
        return Fields.First(
            unknown,
            rule.Threshold is { } t && !double.IsFinite(t) ? InvalidInput("threshold", "must be a finite number.") : null,
            rule.Threshold is null && metric?.IsColumnDrift == false ? InvalidInput("threshold", $"is missing: only the drift of one column has a threshold of its own, {rule.Metric} has none.") : null,
            Fields.OneOf("direction", rule.Direction, ["above", "below"]),
            rule.Direction == "below" && metric?.IsColumnDrift == true ? InvalidInput("direction", "must be left out: which side of the threshold is drift follows from the method.") : null,
            Fields.OneOf("severity", rule.Severity, ["warning", "critical"]),
            Fields.OneOf("kind", rule.Kind, metric?.Kinds.Count > 1 ? Kinds : metric?.Kinds ?? Kinds, required: false),
            Fields.Between("for", rule.For, 1, LongestStreak));
    }
}
