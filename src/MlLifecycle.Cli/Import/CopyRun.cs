using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>Copies one run with all that belongs to it. Begun and not finished, it is completed; finished, it is left alone.</summary>
internal sealed class CopyRun(MlflowServer source, MlflowServer target, RunCopies copies, ModelCopies models, Journal journal, ImportReport report)
{
    private const string RunName = "mlflow.runName";
    private const string Parent = "mlflow.parentRunId";
    private const string LoggedModels = "mlflow.log-model.history";

    private readonly CopyMetrics _metrics = new(source, target, report);
    private readonly CopyArtifacts _artifacts = new(report);

    public static string? NameOf(FoundRun run) => run.Info.RunName is { Length: > 0 } name ? name : run.Data?.Tags?.FirstOrDefault(t => t.Key == RunName)?.Value;

    public async Task One(FoundRun run, Place place, CancellationToken stop)
    {
        var id = run.Info.RunId;
        if (journal.IsDone(id))
        {
            report.Already("runs");
            return;
        }

        RunCopy copy;
        try
        {
            copy = await copies.Of(run, stop);
        }
        catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
        {
            report.Failed("run", $"{id} ({NameOf(run)})", refused.Message);
            return;
        }

        if (!copy.New && copy.Tag(RunCopies.State) is null && copy.Run.Info.Ended)
        {
            if (run.Info.Deleted && !copy.Run.Info.Deleted)
                await Delete(copy.Id, stop);
            journal.Done(id, copy.Id);
            report.Already("runs");
            return;
        }

        // A deleted run takes nothing.
        if (copy.Run.Info.Deleted)
            await target.Post("runs/restore", new { run_id = copy.Id }, stop);
        var batches = new Batches(target, copy.Id, report, $"{id} ({NameOf(run)})");
        await Described(run, copy, batches, stop);
        await _metrics.Of(run, copy, batches, stop);
        await Inputs(run, copy, batches, stop);
        var whole = await _artifacts.All(FileTree.OfRun(source, run), FileTree.OfRun(target, copy.Run), copy.New, stop) && !batches.Refused;
        await Finish(run, copy, whole, stop);
        if (whole && run.Info.Ended)
            journal.Done(id, copy.Id);
        report.Copied("runs");
    }

    private async Task Described(FoundRun run, RunCopy copy, Batches batches, CancellationToken stop)
    {
        var parameters = run.Data?.Params ?? [];
        await batches.Params(parameters, stop);
        report.Copied("parameters", parameters.Count);
        var tags = new List<Pair>();
        foreach (var tag in run.Data?.Tags ?? [])
        {
            switch (tag.Key)
            {
                case RunName or RunCopies.ImportedFrom or RunCopies.State:
                    break;
                case Parent when tag.Value is { Length: > 0 } parent:
                    if (await copies.IdOf(parent, stop) is { } parentCopy)
                        tags.Add(new(Parent, parentCopy));
                    else
                        report.Failed("parent of a run", $"{run.Info.RunId} ({NameOf(run)})", $"Its parent {parent} is not among what is copied.");
                    break;
                case LoggedModels:
                    tags.Add(new(tag.Key, tag.Value is { } history ? models.Renamed(history.Replace(run.Info.RunId, copy.Id, StringComparison.Ordinal)) : null));
                    break;
                default:
                    if (copy.Tag(tag.Key) is { } there && there == (tag.Value ?? ""))
                        report.Copied("tags"); // the copy began with it
                    else
                        tags.Add(tag);
                    break;
            }
        }

        await batches.Tags(tags, stop);
        report.Copied("tags", tags.Count);
    }

    private async Task Inputs(FoundRun run, RunCopy copy, Batches batches, CancellationToken stop)
    {
        foreach (var input in run.Inputs?.DatasetInputs ?? [])
        {
            try
            {
                var data = input.Dataset;
                await target.Post(
                    "runs/log-inputs",
                    new
                    {
                        run_id = copy.Id,
                        datasets = new[]
                        {
                            new
                            {
                                tags = input.Tags ?? [],
                                dataset = new { name = data.Name, digest = data.Digest, source_type = data.SourceType, source = data.Source, schema = data.Schema, profile = data.Profile },
                            },
                        },
                    },
                    stop);
                report.Copied("dataset inputs");
            }
            catch (RefusedException refused) when (refused.ExitCode == ExitCode.Failed)
            {
                batches.Fail("dataset input", $"{input.Dataset.Name} {input.Dataset.Digest}", refused.Message);
            }
        }

        await Links(run, run.Inputs?.ModelInputs, link => new { run_id = copy.Id, models = link }, "runs/log-inputs", batches, stop);
        await Links(run, run.Outputs?.ModelOutputs, link => new { run_id = copy.Id, models = link }, "runs/outputs", batches, stop);
    }

    private async Task Links(FoundRun run, IReadOnlyList<ModelReference>? links, Func<object, object> message, string path, Batches batches, CancellationToken stop)
    {
        foreach (var link in links ?? [])
        {
            try
            {
                if (await models.IdOf(link.ModelId, stop) is { } model)
                {
                    await target.Post(path, message((object[])[new { model_id = model, step = link.Step ?? 0 }]), stop);
                    report.Copied("links to logged models");
                }
                else
                {
                    report.Failed("link to a logged model", $"{run.Info.RunId} ({NameOf(run)}): {link.ModelId}", "The model is not there to be copied; it was deleted, or is of an experiment that is not copied.");
                }
            }
            catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
            {
                batches.Fail("link to a logged model", link.ModelId, refused.Message);
            }
        }
    }

    // The ending comes last: who hears of a finished run finds it whole.
    private async Task Finish(FoundRun run, RunCopy copy, bool whole, CancellationToken stop)
    {
        var info = run.Info;
        await target.Post("runs/update", new { run_id = copy.Id, run_name = NameOf(run), status = info.Status is { Length: > 0 } status ? status : null, end_time = info.EndTime }, stop);
        if (whole && (copy.New || copy.Tag(RunCopies.State) is not null))
            await target.Post("runs/delete-tag", new { run_id = copy.Id, key = RunCopies.State }, stop);
        if (info.Deleted)
            await Delete(copy.Id, stop);
    }

    private async Task Delete(string id, CancellationToken stop) => await target.Post("runs/delete", new { run_id = id }, stop);
}
