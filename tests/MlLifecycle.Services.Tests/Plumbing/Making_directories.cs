using MlLifecycle.ServiceDefaults.Files;
using Shouldly;
using Xunit;

namespace MlLifecycle.Plumbing;

/// <summary>A directory may be taken away while others make it: who makes it hears that it is gone, and can make it again.</summary>
public sealed class Making_directories : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("mll-directories-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task while_others_take_them_away_tells_that_they_are_gone_and_nothing_else()
    {
        var (directory, made, gone) = (Path.Combine(_root, "a"), 0, 0);
        using var enough = new CancellationTokenSource();
        var taking = Enumerable.Range(0, 2).Select(taker => Task.Run(() =>
        {
            for (var i = 0; !enough.IsCancellationRequested; i++)
            {
                try
                {
                    Directory.Move(directory, Path.Combine(_root, $"aside-{taker}-{i}"));
                }
                catch (DirectoryNotFoundException)
                {
                    // Another took it.
                }
            }
        })).ToList();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 5000; i++)
            {
                try
                {
                    Durable.CreateDirectory(directory);
                    Interlocked.Increment(ref made);
                }
                catch (DirectoryNotFoundException)
                {
                    Interlocked.Increment(ref gone);
                }
            }
        })));
        await enough.CancelAsync();
        await Task.WhenAll(taking);
        (made + gone).ShouldBe(20_000);
        made.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void below_a_file_is_refused_as_it_was()
    {
        var file = Path.Combine(_root, "file");
        File.WriteAllText(file, "x");
        Should.Throw<IOException>(() => Durable.CreateDirectory(file)).ShouldNotBeOfType<DirectoryNotFoundException>();
        Should.Throw<IOException>(() => Durable.CreateDirectory(Path.Combine(file, "below")));
    }
}
