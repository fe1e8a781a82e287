namespace MlLifecycle.ServiceDefaults.Decisions;

/// <summary>What a decider answers to a command: events to append, nothing because it is already so, or a refusal.</summary>
public readonly record struct Decision
{
    private readonly IReadOnlyList<object>? _events;

    private Decision(IReadOnlyList<object>? events, Refusal? refusal) => (_events, Refusal) = (events, refusal);

    /// <summary>The events to append, in order; empty when nothing changes or the command is refused.</summary>
    public IReadOnlyList<object> Events => _events ?? [];

    /// <summary>Why the command is refused; null when it is not.</summary>
    public Refusal? Refusal { get; }

    /// <summary>The state already is as the command wants it: a retry, not news.</summary>
    public static Decision Nothing => default;

    /// <summary>The command is carried out: these facts hold from now on.</summary>
    /// <param name="events">At least one domain event.</param>
    public static Decision Accept(params object[] events) => new(events, null);

    /// <summary>The command is not carried out.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="code">The stable kebab-case code.</param>
    /// <param name="detail">What happened and what to do about it.</param>
    public static Decision Refuse(int status, string code, string detail) => new(null, new Refusal(status, code, detail));

    /// <summary>A field of the command does not say what it must: 400.</summary>
    /// <param name="field">The field, in the JSON's own spelling.</param>
    /// <param name="problem">What is wrong with it, as the end of a sentence that begins with the field: <c>must be a finite number.</c></param>
    public static Decision Invalid(string field, string problem) => InvalidInput(field, problem);

    /// <summary>The refusal behind <see cref="Invalid"/>, for code that is not a decider.</summary>
    /// <param name="field">The field, in the JSON's own spelling.</param>
    /// <param name="problem">What is wrong with it.</param>
    public static Refusal InvalidInput(string field, string problem) => new(400, "invalid-input", $"{field} {problem}") { Field = field };

    /// <summary>A refusal is a decision.</summary>
    /// <param name="refusal">Why.</param>
    public static implicit operator Decision(Refusal refusal) => FromRefusal(refusal);

    /// <summary>A refusal is a decision.</summary>
    /// <param name="refusal">Why.</param>
    public static Decision FromRefusal(Refusal refusal) => new(null, refusal);
}
