using System.Diagnostics;

namespace MlLifecycle;

/// <summary>Waiting for what the services agree on in their own time: asking with a deadline.</summary>
public static class Poll
{
    public static async Task<T> Until<T>(Func<Task<T>> ask, Func<T, bool> hoped, TimeSpan within)
    {
        var asking = Stopwatch.StartNew();
        while (true)
        {
            var answer = await ask();
            if (hoped(answer))
                return answer;
            if (asking.Elapsed > within)
                throw new TimeoutException($"Not so within {within}; the last answer was {answer}");
            await Task.Delay(100);
        }
    }
}
