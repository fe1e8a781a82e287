namespace MlLifecycle.Samples.FashionMnist;

/// <summary>
/// The project from its scope to an alert in production and back. Everything it makes has a name or content of its own, so that what is there
/// already is taken as it is, and a run that was stopped goes on.
/// </summary>
internal static class Round
{
    public static async Task Of(Suite suite, string directory, int trainSize, CancellationToken stop)
    {
        var folder = ImageFolder.Open(directory);
        if (await suite.Find($"/api/projects/{suite.Project}", stop) is not null && Standing.Iteration(await Standing.Of(suite, stop)) > 1)
        {
            Say.Line($"Project {suite.Project} has been all the way round before: an alert in production has sent it back. Here is where it stands; name another --project to begin anew.");
            await Standing.Print(suite, stop);
            return;
        }

        await Scope.Of(suite, folder, trainSize, stop);
        var (data, split) = await Data.First(suite, folder, stop);

        var learned = split.Train.Take(trainSize).ToArray();
        var dev = await Seen.Of(folder.Train, split.Dev, stop);
        var train = await Seen.Of(folder.Train, learned, stop);
        var mlflow = new Mlflow(suite);
        var (firstLook, worst) = ((Evaluation?)null, "");
        var first = await Training.Of(mlflow, $"trees-{trainSize}", data, train, dev, folder.Test, async trained =>
        {
            firstLook = await Analysis.Of(suite, trained, folder.Train, split.Dev, dev, data, stop);
            (worst, var open) = await Analysis.Prioritized(suite, firstLook, stop);
            if (open)
                await Standing.Held(suite, worst, stop);
        }, stop);
        var firstVersion = await Training.Registered(mlflow, first, stop);

        var (more, added) = await Augmentation.Of(suite, worst, folder.Train, learned, stop);
        IReadOnlyList<Seen> moreTrain = [.. train, .. await Seen.Of(added, [.. Enumerable.Range(0, added.Count)], stop)];
        Evaluation? secondLook = null;
        var second = await Training.Of(mlflow, $"trees-{trainSize}-mirrored", more, moreTrain, dev, folder.Test, async trained =>
            secondLook = await Analysis.Of(suite, trained, folder.Train, split.Dev, dev, more, stop), stop);
        var secondVersion = await Training.Registered(mlflow, second, stop);

        var change = await Analysis.Compared(suite, firstLook!, secondLook!, worst, stop);
        var secondIsBetter = secondLook!.Accuracy > firstLook!.Accuracy;
        await Analysis.Closed(suite, secondLook, change, secondIsBetter ? secondLook : firstLook, stop);
        await Standing.Reached(suite, "deployment", stop);

        var (chosen, version, reference) = secondIsBetter ? (second, secondVersion, more) : (first, firstVersion, data);
        await mlflow.Alias(Training.Model, "champion", version, stop);
        var serving = new Serving(suite, chosen, version, folder.Train, split.Test);
        await serving.Deploy(reference, stop);
        await Standing.Reached(suite, "monitoring", stop);
        await serving.UntilAlert(stop);
        await Standing.SentBack(suite, stop);
        await Standing.Print(suite, stop);
    }
}
