namespace MlLifecycle.Contracts;

/// <summary>A dataset exists from now on, under this name within its project.</summary>
/// <param name="DatasetId">Its id.</param>
/// <param name="Dataset">Its name.</param>
/// <param name="Modality"><c>tabular</c>, <c>text</c>, <c>image</c> or <c>audio</c>.</param>
/// <param name="FeedbackPlan">How and how soon labels come back from production; null when nobody has said.</param>
public sealed record DatasetRegistered(Guid DatasetId, string Dataset, string Modality, string? FeedbackPlan) : IntegrationEvent;

/// <summary>An immutable version of a dataset exists.</summary>
/// <param name="DatasetId">The dataset's id.</param>
/// <param name="Dataset">The dataset's name.</param>
/// <param name="Version">1 for the first version, then counted up.</param>
/// <param name="Digest">SHA-256 of the version's manifest, lower-case hex.</param>
/// <param name="Parent">The number of the version it was made from.</param>
/// <param name="Files">How many files it holds.</param>
/// <param name="Bytes">Their size together, in bytes.</param>
/// <param name="Message">Why it was committed.</param>
public sealed record DatasetVersionCommitted(Guid DatasetId, string Dataset, int Version, string Digest, int? Parent, long Files, long Bytes, string Message)
    : IntegrationEvent;

/// <summary>A version was checked for one property of good data.</summary>
/// <param name="DatasetId">The dataset's id.</param>
/// <param name="Dataset">The dataset's name.</param>
/// <param name="Version">The version's number.</param>
/// <param name="Check"><c>coverage</c> (the important cases are there), <c>label-consistency</c> (same input, same label) or <c>size</c>.</param>
/// <param name="Passed">The verdict.</param>
/// <param name="Summary">The figures behind it, in one sentence.</param>
public sealed record DatasetChecked(Guid DatasetId, string Dataset, int Version, string Check, bool Passed, string Summary) : IntegrationEvent;

/// <summary>The examples of a version were split into train, dev and test.</summary>
/// <param name="DatasetId">The dataset's id.</param>
/// <param name="Dataset">The dataset's name.</param>
/// <param name="Version">The version's number.</param>
/// <param name="Method"><c>balanced</c> or <c>random</c>.</param>
/// <param name="Seed">The seed that reproduces it.</param>
/// <param name="Train">Number of training examples.</param>
/// <param name="Dev">Number of development examples.</param>
/// <param name="Test">Number of test examples.</param>
/// <param name="Suited">Whether the method is the right one for the dataset's size.</param>
public sealed record DatasetSplit(Guid DatasetId, string Dataset, int Version, string Method, long Seed, long Train, long Dev, long Test, bool Suited)
    : IntegrationEvent;
