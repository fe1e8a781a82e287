using System.CommandLine;
using System.Globalization;
using MlLifecycle.Samples.FashionMnist;

var url = new Option<string>("--url") { Description = "Where the suite is.", DefaultValueFactory = _ => "http://localhost:8080" };
var token = new Option<string?>("--token") { Description = "An API token of the suite. Better in the environment variable MLL_TOKEN or in a file, where nobody else sees it." };
var tokenFile = new Option<FileInfo?>("--token-file") { Description = "A file with the token." };
var project = new Option<string>("--project") { Description = "The project's name in addresses.", DefaultValueFactory = _ => "fashion-mnist" };
var trainSize = new Option<int>("--train-size") { Description = "How many images the models learn from, 1000 to 48000.", DefaultValueFactory = _ => 20_000 };
var images = new Option<string>("--images") { Description = "The directory with the images.", DefaultValueFactory = _ => ImageFolder.Package };
url.Validators.Add(given =>
{
    if (Address(given.GetValueOrDefault<string>()) is null)
        given.AddError("--url must be an address as in http://localhost:8080.");
});
trainSize.Validators.Add(given =>
{
    if (given.Tokens is [var size] && !(int.TryParse(size.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var asked) && asked is >= 1000 and <= 48_000))
        given.AddError("--train-size must be a number from 1000 to 48000.");
});

var command = new RootCommand("Takes a real project, Fashion-MNIST, all the way round the MlLifecycle suite through its public API.") { url, token, tokenFile, project, trainSize, images };
command.SetAction(async (parsed, stop) =>
{
    try
    {
        var secret = Token.From(parsed.GetValue(token), parsed.GetValue(tokenFile));
        using var suite = new Suite(Address(parsed.GetValue(url))!, secret, parsed.GetValue(project)!);
        await Round.Of(suite, parsed.GetValue(images)!, parsed.GetValue(trainSize), stop);
        return ExitCode.Done;
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        Say.Problem("Stopped. Run it again and it goes on where it was.");
        return ExitCode.Stopped;
    }
    catch (SampleException impossible)
    {
        Say.Problem(impossible.Message);
        return impossible.ExitCode;
    }
    catch (Exception missing) when (missing is DllNotFoundException || missing.InnerException is DllNotFoundException)
    {
        Say.Problem("LightGBM lacks a library of the system: install it with 'apt-get install libgomp1'.");
        return ExitCode.Failed;
    }
    catch (RefusedException refused)
    {
        Say.Problem(refused.Message);
        return ExitCode.Failed;
    }
});
// The tracking server is told when a run was stopped: that takes a moment.
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(10) });

static Uri? Address(string? text) => Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is ("http" or "https") ? address : null;
