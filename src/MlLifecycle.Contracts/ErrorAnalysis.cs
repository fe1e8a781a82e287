namespace MlLifecycle.Contracts;

/// <summary>A table of predictions was analysed.</summary>
/// <param name="EvaluationId">Its id.</param>
/// <param name="Evaluation">Its name within the project.</param>
/// <param name="RunId">The run whose model made the predictions, when given.</param>
/// <param name="Dataset">The dataset the examples are from, when given.</param>
/// <param name="DatasetVersion">The dataset version's number, when given.</param>
/// <param name="Examples">Number of rows.</param>
/// <param name="Errors">Rows whose prediction is not their label.</param>
/// <param name="Accuracy">1 − errors / examples.</param>
/// <param name="Tags">Number of tags in its table.</param>
public sealed record EvaluationCompleted(
    Guid EvaluationId, string Evaluation, string? RunId, string? Dataset, int? DatasetVersion, long Examples, long Errors, double Accuracy, int Tags)
    : IntegrationEvent;

/// <summary>The team decided how much a tag matters, or that it is dealt with.</summary>
/// <param name="EvaluationId">The evaluation whose table the decision was made on.</param>
/// <param name="Evaluation">Its name.</param>
/// <param name="Tag">The tag, as in <c>class=Shirt</c>.</param>
/// <param name="Priority"><c>high</c>, <c>normal</c> or <c>low</c>.</param>
/// <param name="Open">Whether work on it is still to be done.</param>
/// <param name="Gain">Room for improvement × prevalence in that evaluation, a share of all examples; null when no human level is known.</param>
/// <param name="Reason">The notes beside the decision; may be empty.</param>
public sealed record TagPrioritized(Guid EvaluationId, string Evaluation, string Tag, string Priority, bool Open, double? Gain, string Reason) : IntegrationEvent;
