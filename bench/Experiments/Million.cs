using MlLifecycle.Experiments.Runs;

namespace MlLifecycle.Bench;

/// <summary>
/// A million runs of ten metrics and ten params, written straight into the service's tables: what is measured is the search, and through the API they would take most of an hour.
/// Their values are spread as those of <see cref="Work.FullRun"/>.
/// </summary>
internal static class Million
{
    public const int Runs = 1_000_000;

    public static async Task Seed(string database, Guid project, string experiment)
    {
        var key = $"(SELECT experiment FROM tracking.experiments WHERE project = '{project}' AND number = {experiment})";
        var sets = string.Join(", ", Enumerable.Range(0, 10).Select(n => $"({n}, {ParamMarks.Of(Enumerable.Range(0, 10).Select(p => KeyValuePair.Create($"param{p}", $"{((n * 7) + p) % 10}")))})"));
        await Limits.Execute(database, $"""
            CREATE TABLE seed AS WITH sets AS (
                SELECT * FROM (VALUES {sets}) AS sets(n, param_marks)
            )
            SELECT nextval('tracking.run_keys') AS run, runs.n, {key} AS experiment, param_marks FROM (SELECT n FROM generate_series(1, {Runs}) n OFFSET 0) runs JOIN sets ON sets.n = runs.n % 10;
            INSERT INTO tracking.runs (run, id, experiment, name, user_id, status, started_ms, ended_ms, deleted, recorded, param_marks)
            SELECT run, gen_random_uuid(), experiment, 'run-' || n, 'bench', 'FINISHED', 1700000000000 + n, NULL, false, now(), param_marks FROM seed;
            INSERT INTO tracking.metrics (run, experiment, key, timestamp_ms, step, value, param_marks)
            SELECT run, experiment, 'metric' || m, 1700000000000 + n, 0, random(), param_marks FROM seed, generate_series(0, 9) m;
            INSERT INTO tracking.params (run, experiment, key, value)
            SELECT run, experiment, 'param' || p, ((n * 7 + p) % 10)::text FROM seed, generate_series(0, 9) p;
            DROP TABLE seed;
            """);
    }
}
