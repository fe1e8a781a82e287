using System.Net;
using System.Text;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>What MLflow's server does below its messages: methods, content types, bodies and repeated parameters.</summary>
public sealed class The_HTTP_of_clients(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Theory]
    [InlineData("GET", "runs/create", "POST")]
    [InlineData("PUT", "runs/create", "POST")]
    [InlineData("POST", "runs/get", "GET")]
    [InlineData("POST", "registered-models/update", "PATCH")]
    [InlineData("PUT", "experiments/search", "GET, POST")]
    [InlineData("PUT", "registered-models/alias", "DELETE, GET, POST")]
    [InlineData("POST", "/api/2.0/mlflow-artifacts/artifacts/0/a.txt", "DELETE, GET, HEAD, PUT")]
    [InlineData("DELETE", "/get-artifact", "GET, HEAD")]
    [InlineData("POST", "/health", "GET, HEAD")]
    [InlineData("GET", "/v1/traces", "POST")]
    public async Task a_wrong_method_is_told_from_a_wrong_path(string method, string path, string allowed)
    {
        var client = service.Empty();
        var answer = await client.Http.SendAsync(new(new HttpMethod(method), client.At(path)));
        answer.Content.Headers.Allow.Order().ShouldBe(allowed.Split(", "));
        (await Tracking.Refused(Task.FromResult(answer), 405, "ENDPOINT_NOT_FOUND")).ShouldContain(method);
    }

    [Theory]
    [InlineData("runs/nothing")]
    [InlineData("/graphql")]
    [InlineData("/api/4.0/mlflow/runs/create")]
    [InlineData("")]
    public async Task a_path_that_is_not_there_is_not_found(string path)
    {
        var client = service.Empty();
        await Tracking.Refused(client.Http.PostAsync(client.At(path), new StringContent("{}", Encoding.UTF8, "application/json")), 404, "ENDPOINT_NOT_FOUND");
    }

    [Fact]
    public async Task health_and_version_answer_anybody_the_same()
    {
        using var anybody = service.Host.Server.CreateClient();
        foreach (var project in (string[])["fashion", "nobody-knows-it"])
        {
            (await anybody.GetStringAsync($"/mlflow/{project}/health")).ShouldBe("OK");
            (await anybody.GetStringAsync($"/mlflow/{project}/version")).ShouldBe("3.5.0");
            (await anybody.SendAsync(new(HttpMethod.Head, $"/mlflow/{project}/health"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        (await anybody.GetStringAsync("/version")).ShouldBe("3.5.0");
        (await anybody.GetAsync("/mlflow/fashion/api/2.0/mlflow/experiments/get?experiment_id=0")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("text/json", "Bad Request. Content-Type must be one of ['application/json'].")]
    [InlineData("application/x-www-form-urlencoded", "Bad Request. Content-Type must be one of ['application/json'].")]
    [InlineData(null, "Bad Request. Content-Type header is missing.")]
    public async Task a_body_says_that_it_is_JSON(string? type, string message)
    {
        var client = service.Empty();
        var body = new StringContent("{}");
        body.Headers.ContentType = type is null ? null : new(type);
        (await Tracking.Refused(client.Http.PostAsync(client.At("experiments/search"), body), 400, "INVALID_PARAMETER_VALUE")).ShouldStartWith(message);
    }

    [Fact]
    public async Task a_byte_order_mark_before_a_body_is_passed_over()
    {
        var client = service.Empty();
        var answer = await client.Raw("experiments/create", "\uFEFF{\"name\": \"marked\"}");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        (await Tracking.Refused(client.Raw("experiments/create", "\uFEFF{\"name\": 5}"), 400, "INVALID_PARAMETER_VALUE")).ShouldStartWith("Invalid value 5 for parameter 'name' supplied");
    }

    [Fact]
    public async Task of_a_repeated_parameter_that_is_no_list_the_first_counts()
    {
        var client = service.Empty();
        (await client.Get("experiments/get?experiment_id=0&experiment_id=77"))["experiment"]!["experiment_id"]!.GetValue<string>().ShouldBe("0");
        (await client.RefusedGet("experiments/get?experiment_id=77&experiment_id=0", "RESOURCE_DOES_NOT_EXIST", 404)).ShouldContain("77");
    }
}
