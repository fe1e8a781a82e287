using System.Collections.Concurrent;
using MassTransit;
using MlLifecycle.Contracts;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

[Collection(nameof(Datasets))]
public sealed class What_Datasets_announces(DatasetsFixture service)
{
    [Fact]
    public async Task is_every_fact_once_in_order_with_where_it_comes_from()
    {
        var heard = new ConcurrentQueue<IntegrationEvent>();
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(service.Servers.Bus);
            rabbit.ReceiveEndpoint(endpoint =>
            {
                endpoint.ConcurrentMessageLimit = 1;
                endpoint.Handler<DatasetRegistered>(context => Hear(context.Message));
                endpoint.Handler<DatasetVersionCommitted>(context => Hear(context.Message));
                endpoint.Handler<DatasetChecked>(context => Hear(context.Message));
                endpoint.Handler<DatasetSplit>(context => Hear(context.Message));
            });
        });
        await bus.StartAsync();
        try
        {
            var bench = new Workbench(service);
            var correlated = bench.Team;
            correlated.DefaultRequestHeaders.Add("X-Correlation-Id", "the-upload");
            var dataset = await bench.Register(new { column = "label" });
            await bench.Register(new { column = "label" }); // a retry is no news
            await bench.Stage("a.csv", "x,label\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"{i},{(i % 2 == 0 ? "a" : "b")}\n")));
            var version = await correlated.Post($"{bench.Dataset}/versions", new { message = "raw" }).Json(System.Net.HttpStatusCode.Created);
            await bench.Commit("raw");
            await correlated.PostAsync($"{bench.Dataset}/versions/1/checks", null).Json();
            await bench.Team.PostAsync($"{bench.Dataset}/versions/1/checks", null).Json();
            await bench.Split(new { seed = 3 });
            await bench.Split(new { seed = 3 });
            await bench.Team.PatchAsync(bench.Dataset, new StringContent("""{"feedback": {"plan": "counter"}}""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"))).Json();

            // The last fact of the stream comes after all others.
            var facts = await Answers.Until(
                () => Task.FromResult(heard.Where(e => e.ProjectId == bench.ProjectId).ToList()), e => e.Any(f => f is DatasetRegistered { FeedbackPlan: "counter" }));
            facts.Select(f => f.GetType().Name).ShouldBe(
            [
                nameof(DatasetRegistered), nameof(DatasetVersionCommitted), nameof(DatasetChecked), nameof(DatasetChecked), nameof(DatasetChecked), nameof(DatasetSplit), nameof(DatasetRegistered),
            ]);
            facts.Select(f => f.EventId).ShouldBeUnique();
            facts.ShouldAllBe(f => f.Project == bench.Slug && f.Actor == "ada" && f.CorrelationId.Length > 0 && f.OccurredAt > DateTimeOffset.UtcNow.AddMinutes(-10));
            facts.OfType<DatasetVersionCommitted>().Single().ShouldSatisfyAllConditions(
                v => v.DatasetId.ShouldBe(dataset["id"]!.GetValue<Guid>()),
                v => (v.Dataset, v.Version, v.Digest, v.Files, v.Message).ShouldBe((Workbench.Name, 1, version["digest"]!.ToString(), 1, "raw")),
                v => v.CorrelationId.ShouldBe("the-upload"));
            facts.OfType<DatasetChecked>().ShouldAllBe(c => c.CorrelationId == "the-upload" && c.Version == 1);
            facts.OfType<DatasetChecked>().Select(c => c.Check).ShouldBe(["coverage", "label-consistency", "size"]);
            facts.OfType<DatasetSplit>().Single().ShouldSatisfyAllConditions(s => (s.Method, s.Seed, s.Train + s.Dev + s.Test, s.Suited).ShouldBe(("balanced", 3, 40, true)));
        }
        finally
        {
            await bus.StopAsync();
        }

        Task Hear(IntegrationEvent fact)
        {
            heard.Enqueue(fact);
            return Task.CompletedTask;
        }
    }
}
