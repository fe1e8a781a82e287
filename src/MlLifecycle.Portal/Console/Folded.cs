using MlLifecycle.Contracts;
using MlLifecycle.Portal.Console.Reads;

namespace MlLifecycle.Portal.Console;

/// <summary>Facts that are told in one line: what one fact did to many requirements, or a single one.</summary>
/// <param name="Facts">In the order they came in; at least one.</param>
public sealed record Folded(IReadOnlyList<Fact> Facts)
{
    /// <summary>Folds neighbouring changes of gates that one fact caused.</summary>
    public static IReadOnlyList<Folded> Of(IEnumerable<Fact> facts)
    {
        var all = new List<List<Fact>>();
        foreach (var fact in facts)
        {
            if (all is [.., [var first, ..] last] && fact.Type == nameof(GateChanged) && first.Type == nameof(GateChanged) && first.CausationId is { } cause && cause == fact.CausationId)
                last.Add(fact);
            else
                all.Add([fact]);
        }

        return [.. all.Select(some => new Folded(some))];
    }
}
