using MlLifecycle.ServiceDefaults.Decisions;
using Shouldly;

namespace MlLifecycle;

/// <summary>Given events, when a command, then events or a refusal: how every decider is specified.</summary>
public static class Spec
{
    /// <summary>The state that these events lead to.</summary>
    public static Given<T> Given<T>(params object[] events)
        where T : class, IFolded<T> => new(events.Aggregate(T.Initial(Guid.Parse("0192a000-0000-7000-8000-000000000001")), (state, e) => state.Evolve(e)));
}

public sealed record Given<T>(T State)
    where T : class, IFolded<T>
{
    public When<T> When(Func<T, Decision> decide) => new(State, decide);
}

public sealed class When<T>(T state, Func<T, Decision> decide)
    where T : class, IFolded<T>
{
    private readonly Decision _decision = decide(state);

    /// <summary>The command is accepted with exactly these events; given once more on the state they lead to, it changes nothing.</summary>
    public void Then(params object[] events)
    {
        Accepted(events);
        Again();
    }

    /// <summary>Like <see cref="Then"/> for the few commands that mean something new each time.</summary>
    public void ThenEachTime(params object[] events) => Accepted(events);

    /// <summary>The command is accepted; the events are for the test to look at. Given once more it changes nothing.</summary>
    public IReadOnlyList<object> ThenEvents()
    {
        _decision.Refusal.ShouldBeNull();
        _decision.Events.ShouldNotBeEmpty();
        Again();
        return _decision.Events;
    }

    public void ThenNothing()
    {
        _decision.Refusal.ShouldBeNull();
        _decision.Events.ShouldBeEmpty();
    }

    public Refusal ThenRefused(int status, string code, string? field = null)
    {
        var refusal = _decision.Refusal.ShouldNotBeNull();
        (refusal.Status, refusal.Code, refusal.Field).ShouldBe((status, code, field));
        return refusal;
    }

    private void Accepted(object[] events)
    {
        _decision.Refusal.ShouldBeNull();
        _decision.Events.Count.ShouldBe(events.Length);
        for (var i = 0; i < events.Length; i++)
            _decision.Events[i].ShouldBeEquivalentTo(events[i]);
    }

    private void Again()
    {
        var after = _decision.Events.Aggregate(state, (s, e) => s.Evolve(e));
        var again = decide(after);
        again.Refusal.ShouldBeNull("a retry of an accepted command is not an error");
        again.Events.ShouldBeEmpty("a retry of an accepted command is not news");
    }
}
