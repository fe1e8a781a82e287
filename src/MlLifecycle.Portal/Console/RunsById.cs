using MlLifecycle.Portal.Console.Reads;
using MlLifecycle.Portal.Suite;
using MlLifecycle.ServiceDefaults.Http;

namespace MlLifecycle.Portal.Console;

/// <summary>Runs of which the ids are known.</summary>
internal static class RunsById
{
    /// <summary>An address holds no more of them.</summary>
    private const int AtATime = 100;

    /// <summary>Reads them in the order of the ids; those that are not there are left out.</summary>
    public static async Task<IReadOnlyList<Run>> Read(SuiteClient suite, Address here, IReadOnlyList<string> ids, CancellationToken ct)
    {
        var found = new Dictionary<string, Run>();
        foreach (var some in ids.Where(IsId).Distinct().Chunk(AtATime))
        {
            var filter = $"attributes.run_id IN ({string.Join(',', some.Select(id => $"'{id}'"))})";
            foreach (var run in (await suite.Get<Page<Run>>(here.Api($"runs?limit={AtATime}&filter={Uri.EscapeDataString(filter)}"), ct)).Value?.Items ?? [])
                found[run.Id] = run;
        }

        return [.. ids.Distinct().Select(id => found.GetValueOrDefault(id)).OfType<Run>()];
    }

    // Ids come from the address too, and are put into a filter.
    private static bool IsId(string id) => id.Length == 32 && id.All(char.IsAsciiHexDigitLower);
}
