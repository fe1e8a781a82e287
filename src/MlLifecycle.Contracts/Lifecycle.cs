namespace MlLifecycle.Contracts;

/// <summary>A project moved to another stage.</summary>
/// <param name="Stage"><c>scoping</c>, <c>data</c>, <c>modeling</c>, <c>deployment</c> or <c>monitoring</c>.</param>
/// <param name="From">The stage it left; null for the first.</param>
/// <param name="Iteration">Counted from 1; going back opens the next.</param>
/// <param name="Reason">Why it moved.</param>
public sealed record StageEntered(string Stage, string? From, int Iteration, string Reason) : IntegrationEvent;

/// <summary>A requirement of a gate changed its status.</summary>
/// <param name="Gate">The stage the gate leads out of, as in <c>scoping</c>.</param>
/// <param name="Requirement">The requirement's id, as in <c>primary-baseline</c>.</param>
/// <param name="Status"><c>missing</c>, <c>met</c> or <c>waived</c>.</param>
/// <param name="Reason">What decided it.</param>
public sealed record GateChanged(string Gate, string Requirement, string Status, string Reason) : IntegrationEvent;

/// <summary>A project went back to an earlier stage.</summary>
/// <param name="Iteration">The number of the iteration that begins.</param>
/// <param name="BackTo">The stage it goes back to.</param>
/// <param name="Reason">Why.</param>
public sealed record IterationOpened(int Iteration, string BackTo, string Reason) : IntegrationEvent;
