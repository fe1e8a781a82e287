using Microsoft.AspNetCore.Components;
using MlLifecycle.Contracts;
using MlLifecycle.Portal.Access;
using MlLifecycle.Portal.Suite;

namespace MlLifecycle.Portal.Console;

/// <summary>
/// A page that reads from the services and reads again when something it shows has changed. A fact may reach this page before the service that is
/// asked has taken it in, so it is asked once more a little later.
/// </summary>
public abstract class LivePage : ComponentBase, IDisposable
{
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(1500);

    private readonly CancellationTokenSource _closed = new();
    private readonly CancellationToken _left;
    private IDisposable? _live;
    private string? _listensTo;
    private string? _loaded;
    private int _heard;
    private bool _refreshing;

    protected LivePage() => _left = _closed.Token;

    [Inject]
    protected SuiteClient Suite { get; set; } = null!;

    [Inject]
    protected NavigationManager Navigation { get; set; } = null!;

    [Inject]
    protected TimeProvider Clock { get; set; } = null!;

    /// <summary>Who looks at the page.</summary>
    protected Holder? Me { get; private set; }

    /// <summary>Why the page cannot be shown.</summary>
    protected Problem? Problem { get; set; }

    protected bool Loaded { get; private set; }

    protected DateTimeOffset Now => Clock.GetUtcNow();

    /// <summary>The project whose facts matter here; null for all.</summary>
    protected virtual string? Project => null;

    /// <summary>Whether the page shows something that can change.</summary>
    protected virtual bool Live => true;

    /// <summary>How often to read again what changes without being announced; null for never.</summary>
    protected virtual TimeSpan? Pace => null;

    /// <summary>What the page shows; another key means another thing, read anew.</summary>
    protected virtual string Key => Navigation.Uri;

    protected abstract Task Load(CancellationToken ct);

    protected virtual bool Concerns(IntegrationEvent fact) => true;

    protected override async Task OnParametersSetAsync()
    {
        if (_loaded == Key)
            return;
        _loaded = Key;
        Loaded = false;
        Listen();
        await Read();
    }

    /// <summary>Reads everything again, and draws it.</summary>
    protected async Task Read()
    {
        try
        {
            Me = await Suite.Me(_left);
            Problem = null;
            await Load(_left);
            Loaded = true;
            StateHasChanged();
        }
        catch (OperationCanceledException) when (_left.IsCancellationRequested)
        {
            // The page was left while it was read.
        }
    }

    /// <summary>The value of an answer; without one the page shows the problem.</summary>
    protected T? Must<T>(Answer<T> answer)
        where T : class
    {
        if (answer.Problem is { } problem)
            Problem ??= problem;
        return answer.Value;
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        _live?.Dispose();
        if (!_left.IsCancellationRequested)
            _closed.Cancel();
        _closed.Dispose();
    }

    private void Listen()
    {
        var wanted = Live ? Project ?? "*" : null;
        if (wanted == _listensTo)
            return;
        _live?.Dispose();
        _listensTo = wanted;
        _live = wanted is null ? null : Suite.Live(Project, fact => Concerns(fact) ? InvokeAsync(Heard) : Task.CompletedTask);
    }

    protected override void OnInitialized()
    {
        if (Pace is { } pace)
            _ = Follow(pace);
    }

    private async Task Follow(TimeSpan pace)
    {
        try
        {
            using var timer = new PeriodicTimer(pace, Clock);
            while (await timer.WaitForNextTickAsync(_left))
            {
                if (Live && Loaded)
                    await InvokeAsync(Read);
            }
        }
        catch (Exception left) when (left is OperationCanceledException or ObjectDisposedException)
        {
            // The page was left.
        }
        catch (Exception broken)
        {
            await DispatchExceptionAsync(broken);
        }
    }

    private Task Heard()
    {
        _heard++;
        if (!_refreshing)
            _ = Refresh();
        return Task.CompletedTask;
    }

    private async Task Refresh()
    {
        _refreshing = true;
        try
        {
            for (var seen = 0; seen != _heard;)
            {
                await Task.Delay(Burst, Clock, _left);
                await Read();
                seen = _heard;
                await Task.Delay(Settled, Clock, _left);
                await Read();
            }
        }
        catch (Exception left) when (left is OperationCanceledException or ObjectDisposedException)
        {
            // The page was left.
        }
        catch (Exception broken)
        {
            await DispatchExceptionAsync(broken);
        }
        finally
        {
            _refreshing = false;
        }
    }
}

/// <summary>A page of one project, now or at the moment in its address.</summary>
public abstract class ProjectPage : LivePage
{
    [Parameter]
    public string Slug { get; set; } = "";

    [SupplyParameterFromQuery(Name = "at")]
    public string? At { get; set; }

    protected Address Here => new(Slug, At);

    protected override string? Project => Slug;

    // The past does not change.
    protected override bool Live => At is null;

    protected bool May(ServiceDefaults.Trust.Role role) => At is null && Me?.On(Slug) >= role;
}
