using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Protocol;

/// <summary>MLflow's refusals, by its own error codes and statuses, and its limits.</summary>
public static class Mlflow
{
    public const int MetricsPerBatch = 1000;
    public const int ParamsPerBatch = 100;
    public const int TagsPerBatch = 100;
    public const int EntriesPerBatch = 1000;

    /// <summary>The experiment that is there in every project without being created.</summary>
    public const long DefaultExperiment = 0;

    public const string RunNameTag = "mlflow.runName";

    /// <summary>The tag of an input that says what the run used the data for.</summary>
    public const string ContextTag = "mlflow.data.context";

    public static Refusal Invalid(string message) => new(400, "INVALID_PARAMETER_VALUE", message);

    /// <summary>How many a page may have.</summary>
    public static Refusal? CheckMaxResults(long asked, int most) => asked >= 1 && asked <= most
        ? null
        : Invalid($"Invalid value {asked} for parameter 'max_results' supplied. It must be {(asked < 1 ? "a positive integer" : $"at most {most}")}.");

    public static Refusal InvalidValue(string parameter, string? value, string why) =>
        Invalid($"Invalid value {Quoted(value)} for parameter '{parameter}' supplied: {why}");

    public static Refusal Missing(string parameter) => Invalid($"Missing value for required parameter '{parameter}'.");

    public static Refusal Unknown(string message) => new(404, "RESOURCE_DOES_NOT_EXIST", message);

    public static Refusal Taken(string message) => new(400, "RESOURCE_ALREADY_EXISTS", message);

    public static Refusal UnknownExperiment(string? id) => Unknown($"No Experiment with id={id} exists");

    public static Refusal UnknownRun(string? id) => Unknown($"Run with id={id} not found");

    /// <summary>Text for a message: quoted, and cut where a hostile or careless caller sent a great deal of it.</summary>
    /// <param name="value">What was sent.</param>
    public static string Quoted(string? value) => value switch
    {
        null => "null",
        { Length: > 200 } => $"\"{value[..200]}…\"",
        _ => $"\"{value}\"",
    };
}
