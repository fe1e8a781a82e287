using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using MlLifecycle.Experiments.Search;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>Whatever word of its own a search is asked about, with whatever comparison and value: it answers or says what is wrong, and does not fail.</summary>
public sealed class Searches_of_any_words(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    private static readonly string[] Comparisons =
    [
        "= 'x'", "!= '1'", "> 1", "<= -1.5", ">= 9223372036854775807", "< 1e300", "= NaN", "LIKE '%'", @"ILIKE 'a\'", "IN ('1', 'x')", "NOT IN ('a')", "IN ()", "IS NULL", "IS NOT NULL", "= ''''", "> '1'",
    ];

    private static readonly Dictionary<string, Vocabulary> Known = new()
    {
        ["experiments/search"] = Vocabulary.Experiments,
        ["runs/search"] = Vocabulary.Runs,
        ["logged-models/search"] = Vocabulary.LoggedModels,
        ["/api/3.0/mlflow/traces/search"] = Vocabulary.Traces,
        ["/api/3.0/mlflow/datasets/search"] = Vocabulary.EvaluationDatasets,
        ["registered-models/search"] = Vocabulary.Models,
        ["model-versions/search"] = Vocabulary.ModelVersions,
    };

    public static TheoryData<string> Searches => [.. Known.Keys];

    [Theory]
    [MemberData(nameof(Searches))]
    public async Task are_answered_or_refused(string path)
    {
        var client = service.Empty();
        var vocabulary = Known[path];
        string[] words = [.. vocabulary.Attributes.Keys.Select(name => $"`{name}`"), .. vocabulary.Prefixes.Keys.SelectMany(prefix => (string[])[$"{prefix}.name", $"{prefix}.`status`", $"{prefix}.context"])];
        (string Filter, string Order)[] questions = [.. words.SelectMany(word => Comparisons.Select(comparison => ($"{word} {comparison}", ""))), .. words.SelectMany(word => (IEnumerable<(string, string)>)[("", word), ("", word + " DESC")])];
        var answers = new ConcurrentBag<HttpStatusCode>();
        await Parallel.ForEachAsync(questions, TestContext.Current.CancellationToken, async (question, _) =>
        {
            using var answer = await Ask(client, path, question.Filter, question.Order);
            answer.StatusCode.ShouldBeOneOf([HttpStatusCode.OK, HttpStatusCode.BadRequest], $"{question}");
            answers.Add(answer.StatusCode);
        });
        answers.Count(status => status == HttpStatusCode.OK).ShouldBeGreaterThan(questions.Length / 5);
    }

    private static Task<HttpResponseMessage> Ask(Tracking client, string path, string filter, string order)
    {
        string[] orders = order.Length == 0 ? [] : [order];
        string[] experiment_ids = ["0"];
        return path switch
        {
            "registered-models/search" or "model-versions/search" =>
                client.Http.GetAsync($"/mlflow/{client.Project}/api/2.0/mlflow/{path}?filter={Uri.EscapeDataString(filter)}{string.Concat(orders.Select(o => "&order_by=" + Uri.EscapeDataString(o)))}"),
            "logged-models/search" => client.Raw(path, JsonSerializer.Serialize(new { filter, order_by = orders.Select(o => new { field_name = o }), experiment_ids })),
            "/api/3.0/mlflow/datasets/search" => client.Raw(path, JsonSerializer.Serialize(new { filter_string = filter, order_by = orders, experiment_ids })),
            "experiments/search" => client.Raw(path, JsonSerializer.Serialize(new { filter, order_by = orders, max_results = 5 })),
            _ => client.Raw(path, JsonSerializer.Serialize(new { filter, order_by = orders, experiment_ids })),
        };
    }
}
