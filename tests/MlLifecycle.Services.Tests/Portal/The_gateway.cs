using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Portal.Gateway;

public sealed class The_gateway(PortalFixture fixture) : IClassFixture<PortalFixture>
{
    [Fact]
    public async Task passes_on_who_calls_in_which_role_on_which_project()
    {
        var (token, _) = await fixture.Issue(Role.Contributor, "fashion", name: "Zoë of CI");
        var told = (await fixture.Portal.As(token).GetAsync("/api/projects/fashion/datasets").Json())["caller"]!;
        told["actor"]!.GetValue<string>().ShouldBe("Zoë of CI");
        told["role"]!.GetValue<string>().ShouldBe("contributor");
        told["project"]!.GetValue<string>().ShouldBe("fashion");
        var project = await fixture.Portal.As(fixture.AdminToken).GetAsync("/api/projects/fashion").Json();
        told["projectId"]!.GetValue<Guid>().ShouldBe(project["id"]!.GetValue<Guid>());
        (await fixture.Portal.As(fixture.AdminToken).GetAsync("/api/projects/cars/datasets").Json())["caller"]!["role"]!.GetValue<string>().ShouldBe("admin");
    }

    [Fact]
    public async Task leaves_the_exact_role_to_the_service()
    {
        var (viewer, _) = await fixture.Issue(Role.Viewer, "fashion");
        await fixture.Portal.As(viewer).Put("/api/projects/fashion/problem", new { statement = "x" }).Problem(403, "forbidden");
        var (maintainer, _) = await fixture.Issue(Role.Maintainer, "fashion");
        await fixture.Portal.As(maintainer).Put("/api/projects/fashion/problem", new { statement = "Sort returns" }).Json();
        await fixture.Portal.As(maintainer).Post("/api/projects", new { slug = "mine", name = "Mine" }).Problem(403, "other-project");
        var (suite, _) = await fixture.Issue(Role.Viewer);
        await fixture.Portal.As(suite).Post("/api/projects", new { slug = "mine", name = "Mine" }).Problem(403, "forbidden");
    }

    [Fact]
    public async Task keeps_the_callers_secrets_and_what_vouches_for_callers_to_itself()
    {
        using var client = fixture.Portal.As(fixture.AdminToken);
        foreach (var header in new[] { "Cookie", "X-Forwarded-User", "X-Remote-User", "X-Original-URL", "X-HTTP-Method-Override", "X-Causation-Id", "Proxy-Authorization", "Forwarded" })
            client.DefaultRequestHeaders.TryAddWithoutValidation(header, "spoofed");
        client.DefaultRequestHeaders.Add("X-Forwarded-For", "9.9.9.9");
        client.DefaultRequestHeaders.Add("X-Team", "kept");
        var headers = (await client.GetAsync("/api/projects/fashion/datasets").Json())["headers"]!.AsObject();
        headers.Select(h => h.Value!.GetValue<string>()).ShouldNotContain("spoofed");
        headers["x-forwarded-for"]!.GetValue<string>().ShouldNotContain("9.9.9.9");
        headers["authorization"]!.GetValue<string>().ShouldStartWith("Bearer ey");
        headers.ToJsonString().ShouldNotContain(fixture.AdminToken);
        headers["x-team"]!.GetValue<string>().ShouldBe("kept");
    }

    [Theory]
    [InlineData("my-id.1", true)]
    [InlineData(null, false)]
    [InlineData("not an id!", false)]
    public async Task gives_every_request_a_correlation_id(string? given, bool kept)
    {
        using var client = fixture.Portal.As(fixture.AdminToken);
        if (given is not null)
            client.DefaultRequestHeaders.TryAddWithoutValidation(Caller.CorrelationHeader, given);
        using var answer = await client.GetAsync("/api/projects/fashion/datasets");
        var told = answer.Headers.GetValues(Caller.CorrelationHeader).ShouldHaveSingleItem();
        var headers = (await Task.FromResult(answer).Json())["headers"]!;
        headers["x-correlation-id"]!.GetValue<string>().ShouldBe(told);
        (told == given).ShouldBe(kept);
    }

    [Theory]
    [InlineData("datasets/a%20b/staging/x%2Fy/z")]
    [InlineData("evaluations-like/100%25/tags/class%3DShirt")]
    [InlineData("datasets/d/staging/sp%C3%A4t/%E6%97%A5.csv?a=1&b=%2B%20%26&c=a+b")]
    [InlineData("datasets/d/staging/a+b;c=d,e@f:g!$'()*~")]
    [InlineData("datasets/d/staging/%5Bx%5D%7B%7D%7C%5C%5E%60%22%3C%3E%23%3F")]
    public async Task hands_a_path_on_as_the_service_would_have_read_it_itself(string path)
    {
        path = path.Replace("evaluations-like", "datasets");
        var through = await fixture.Portal.As(fixture.AdminToken).GetAsync($"/api/projects/fashion/{path}").Json();
        var pass = through["headers"]!["authorization"]!.GetValue<string>();
        using var client = fixture.Portal.As();
        client.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(pass);
        var host = through["headers"]!["host"]!.GetValue<string>();
        var direct = await client.GetAsync($"http://{host}/api/projects/fashion/{path}").Json();
        through["rest"]!.GetValue<string>().ShouldBe(direct["rest"]!.GetValue<string>());
        through["target"]!.GetValue<string>().Split('?').ElementAtOrDefault(1).ShouldBe(direct["target"]!.GetValue<string>().Split('?').ElementAtOrDefault(1));
    }

    [Fact]
    public async Task speaks_MLflow_at_the_root_for_a_token_of_one_project()
    {
        var (token, _) = await fixture.Issue(Role.Contributor, "fashion");
        using var client = fixture.Portal.As(token);
        (await Target(client.Post("/api/2.0/mlflow/runs/create", new { }))).ShouldBe("/mlflow/fashion/api/2.0/mlflow/runs/create");
        (await Target(client.PostAsync("/api/3.0/mlflow/traces", new ByteArrayContent([1])))).ShouldBe("/mlflow/fashion/api/3.0/mlflow/traces");
        (await Target(client.PostAsync("/v1/traces", new ByteArrayContent([1])))).ShouldBe("/mlflow/fashion/v1/traces");
        (await Target(client.GetAsync("/ajax-api/2.0/mlflow/runs/get?run_id=1"))).ShouldBe("/mlflow/fashion/ajax-api/2.0/mlflow/runs/get?run_id=1");
        (await Target(client.PutAsync("/api/2.0/mlflow-artifacts/artifacts/0/a%20b.bin", new ByteArrayContent([1])))).ShouldBe("/mlflow/fashion/api/2.0/mlflow-artifacts/artifacts/0/a%20b.bin");
        (await Target(client.GetAsync("/mlflow/fashion/api/2.0/mlflow/runs/get"))).ShouldBe("/mlflow/fashion/api/2.0/mlflow/runs/get");
        (await Target(client.GetAsync("/mlflow/fashion//api/2.0//mlflow/runs/get?path=a//b"))).ShouldBe("/mlflow/fashion/api/2.0/mlflow/runs/get?path=a//b");
        (await Target(client.PutAsync("/api/2.0/mlflow-artifacts/artifacts/0//a%20b.bin", new ByteArrayContent([1])))).ShouldBe("/mlflow/fashion/api/2.0/mlflow-artifacts/artifacts/0/a%20b.bin");

        static async Task<string> Target(Task<HttpResponseMessage> answer) => (await answer.Json())["target"]!.GetValue<string>();
    }

    [Fact]
    public async Task answers_MLflow_clients_in_their_own_shape()
    {
        var (cars, _) = await fixture.Issue(Role.Contributor, "cars");
        await Mlflow(fixture.Portal.As().GetAsync("/api/2.0/mlflow/runs/get"), 401, "UNAUTHENTICATED");
        await Mlflow(fixture.Portal.As(cars).GetAsync("/mlflow/fashion/api/2.0/mlflow/runs/get"), 403, "PERMISSION_DENIED");
        await Mlflow(fixture.Portal.As(fixture.AdminToken).GetAsync("/mlflow/no-such/api/2.0/mlflow/runs/get"), 404, "RESOURCE_DOES_NOT_EXIST");
        await Mlflow(fixture.Portal.As(fixture.AdminToken).GetAsync("/api/2.0/mlflow/runs/get"), 400, "INVALID_PARAMETER_VALUE");

        static async Task Mlflow(Task<HttpResponseMessage> answer, int status, string code) =>
            (await answer.Json((HttpStatusCode)status))["error_code"]!.GetValue<string>().ShouldBe(code);
    }

    [Fact]
    public async Task says_which_project_does_not_exist() =>
        await fixture.Portal.As(fixture.AdminToken).GetAsync("/api/projects/no-such/datasets").Problem(404, "project-unknown");

    [Fact]
    public async Task says_which_service_is_down_and_when_to_come_back()
    {
        using var client = fixture.Portal.As(fixture.AdminToken);
        var problem = await client.GetAsync("/api/projects/fashion/evaluations").Problem(503, "service-unavailable");
        problem["detail"]!.GetValue<string>().ShouldContain("'erroranalysis'");
        using var upload = await client.PostAsync("/api/projects/fashion/evaluations", new ByteArrayContent(new byte[1_000_000]));
        upload.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        upload.Headers.RetryAfter.ShouldNotBeNull();
    }

    [Fact]
    public async Task tells_a_service_that_does_not_trust_it_from_a_caller_without_a_token()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (token, _) = await fixture.Issue(Role.Viewer, "fashion");
        await using var mistrusted = await fixture.Start((Passes.PrivateKey, Convert.ToBase64String(other.ExportPkcs8PrivateKey())));
        var problem = await mistrusted.As(token).GetAsync("/api/projects/fashion/datasets").Problem(502, "pass-refused");
        problem["detail"]!.GetValue<string>().ShouldContain("Auth:PublicKey");
    }

    [Fact]
    public async Task is_healthy_while_every_service_is()
    {
        using var client = fixture.Portal.As();
        using (var sick = await client.GetAsync("/health"))
        {
            sick.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await sick.Content.ReadAsStringAsync()).ShouldBe("portal: healthy\nscoping: healthy\ndatasets: healthy\nexperiments: healthy\nerroranalysis: unhealthy (does not answer)\nmonitoring: healthy\nlifecycle: healthy\n");
        }

        await using (await fixture.StartEcho("erroranalysis"))
        {
            var well = await Answers.Until(async () => (await client.GetAsync("/health")).StatusCode, status => status == HttpStatusCode.OK);
            well.ShouldBe(HttpStatusCode.OK);
            client.DefaultRequestHeaders.Add("Accept", "application/json");
            (await client.GetAsync("/health").Json())["services"]!.AsArray().Count.ShouldBe(7);
        }

        await Answers.Until(async () => (await client.GetAsync("/health")).StatusCode, status => status == HttpStatusCode.ServiceUnavailable);
        await client.GetAsync("/alive").ContinueWith(alive => alive.Result.StatusCode.ShouldBe(HttpStatusCode.OK));
    }

    [Fact]
    public async Task streams_an_upload_of_any_size_as_it_comes()
    {
        var size = 48L * 1024 * 1024; // more than a server takes by itself
        using var client = fixture.Portal.As(fixture.AdminToken);
        using var content = new HeldBack(size, fixture.Datasets.FirstBytes.Task);
        var told = await client.PutAsync("/api/projects/fashion/datasets/mnist/staging/big.bin", content).Json();
        told["bytes"]!.GetValue<long>().ShouldBe(size);
        told["sha256"]!.GetValue<string>().ShouldBe(content.Sha256);
    }

    [Fact]
    public async Task streams_a_download_as_it_comes()
    {
        var size = 4L * 1024 * 1024;
        using var client = fixture.Portal.As(fixture.AdminToken);
        using var answer = await client.GetAsync($"/api/projects/fashion/datasets/stream/{size}", HttpCompletionOption.ResponseHeadersRead);
        await using var body = await answer.Content.ReadAsStreamAsync();
        var read = await body.ReadAtLeastAsync(new byte[1024], 1024);
        fixture.Datasets.GoOn.SetResult();
        var rest = new MemoryStream();
        await body.CopyToAsync(rest);
        (read + rest.Length).ShouldBe(size);
    }

    [Fact]
    public async Task turns_WebSockets_away()
    {
        using var client = fixture.Portal.As(fixture.AdminToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/projects/fashion/datasets");
        request.Headers.Add("Connection", "Upgrade");
        request.Headers.Add("Upgrade", "websocket");
        request.Headers.Add("Sec-WebSocket-Version", "13");
        request.Headers.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        await client.SendAsync(request).Problem(400, "no-upgrade");
    }

    [Fact]
    public async Task lets_no_uploaded_page_act_in_the_name_of_its_reader()
    {
        using var answer = await fixture.Portal.As(fixture.AdminToken).GetAsync("/api/projects/fashion/runs/page");
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        answer.Headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem().ShouldContain("sandbox");
        answer.Headers.GetValues("X-Content-Type-Options").ShouldHaveSingleItem().ShouldBe("nosniff");
    }

    [Fact]
    public async Task shows_the_API_of_every_service_and_loads_nothing_from_elsewhere()
    {
        using var client = fixture.Portal.As();
        (await client.GetAsync("/openapi/scoping.json").Json())["paths"]!.AsObject().ShouldContainKey("/api/projects/{project}/milestones");
        (await client.GetAsync("/openapi/portal.json").Json())["paths"]!.AsObject().Select(p => p.Key).ShouldBe(["/api/me", "/api/tokens", "/api/tokens/{id}"], ignoreOrder: true);
        using var redirected = await client.GetAsync("/scalar");
        var page = await client.GetStringAsync("/scalar/");
        page.ShouldContain("openapi/scoping.json");
        page.ShouldNotContain("https://");
    }

    [Fact]
    public async Task refuses_an_upload_that_breaks_off()
    {
        // A client that announces more than it sends and then closes: the service must not take it for whole.
        using var socket = new TcpClient();
        await socket.ConnectAsync(fixture.Portal.Address.Host, fixture.Portal.Address.Port);
        var stream = socket.GetStream();
        var arrived = fixture.Datasets.FirstBytes.Task;
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"PUT /api/projects/fashion/datasets/mnist/staging/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {fixture.AdminToken}\r\nContent-Length: 1000000\r\n\r\n{new string('x', 65536)}"));
        await arrived.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        socket.Client.Shutdown(SocketShutdown.Send);

        (await fixture.Datasets.BrokenOff.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).ShouldBeInRange(1, 65536);

        // Whether there is still somebody to be told is for the connection to decide; what is told is that it broke off.
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            for (int read; (read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0;)
                answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        catch (IOException reset) when (reset.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            // What came before it is in the answer.
        }

        if (answer.Length > 0)
        {
            answer.ToString().ShouldStartWith("HTTP/1.1 400 ");
            answer.ToString().ShouldContain("upload-broken");
        }
    }

    [Fact]
    public async Task says_of_a_message_that_is_too_large_that_it_is()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(fixture.Portal.Address.Host, fixture.Portal.Address.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /mlflow/fashion/api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {fixture.AdminToken}\r\nContent-Length: 30000001\r\n\r\n"));
        var answer = new byte[4096];
        var length = await socket.GetStream().ReadAtLeastAsync(answer, 200, throwOnEndOfStream: false, TestContext.Current.CancellationToken);
        Encoding.ASCII.GetString(answer, 0, length).ShouldStartWith("HTTP/1.1 413 ");

        using var client = fixture.Portal.As(fixture.AdminToken);
        client.DefaultRequestHeaders.TransferEncodingChunked = true;
        using (var unannounced = await client.PostAsync("/mlflow/fashion/api/2.0/mlflow/runs/log-batch", new ByteArrayContent(new byte[30_000_001])))
            ((int)unannounced.StatusCode).ShouldBe(413);
        (await client.PutAsync("/mlflow/fashion/api/2.0/mlflow-artifacts/artifacts/x", new ByteArrayContent(new byte[30_000_001])).Json())["bytes"]!.GetValue<long>().ShouldBe(30_000_001);
    }

    [Theory]
    [InlineData("/mlflow/fashion/version")]
    [InlineData("/mlflow/nobody-knows-it/health")]
    [InlineData("/version")]
    public async Task lets_anybody_ask_a_tracking_server_whether_it_is_there(string path)
    {
        (await fixture.Portal.As().GetAsync(path).Json())["target"]!.GetValue<string>().ShouldBe(path);
        var told = await fixture.Portal.As(fixture.AdminToken).GetAsync(path).Json();
        told["headers"]!.AsObject().ContainsKey("authorization").ShouldBeFalse();
        using var write = await fixture.Portal.As().PostAsync(path, null);
        ((int)write.StatusCode).ShouldBe(path == "/version" ? 405 : 401);
    }

    [Fact]
    public async Task leads_from_a_tracking_URI_to_the_runs_in_the_console()
    {
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = fixture.Portal.Address };
        foreach (var uri in (string[])["/mlflow/fashion", "/mlflow/fashion/"])
            (await client.GetAsync(uri)).Headers.Location!.ToString().ShouldBe("/projects/fashion/runs");
        (await client.GetAsync("/mlflow/%2F%2Felsewhere.example")).Headers.Location!.ToString().ShouldStartWith("/projects/");
    }

    [Fact]
    public async Task asks_programs_for_a_token_in_both_ways_and_browsers_in_the_one_that_opens_no_window()
    {
        using var client = fixture.Portal.As();
        (await client.GetAsync("/mlflow/fashion/api/2.0/mlflow/experiments/get")).Headers.WwwAuthenticate.Select(way => way.ToString()).ShouldBe(["Bearer", "Basic realm=\"mlflow\""]);
        client.DefaultRequestHeaders.Add("Sec-Fetch-Mode", "navigate");
        (await client.GetAsync("/mlflow/fashion/api/2.0/mlflow/experiments/get")).Headers.WwwAuthenticate.Select(way => way.ToString()).ShouldBe(["Bearer"]);
    }

    /// <summary>An upload whose second half waits until the receiver has seen the first.</summary>
    private sealed class HeldBack(long size, Task seen) : HttpContent
    {
        public string Sha256 { get; private set; } = "";

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var chunk = RandomNumberGenerator.GetBytes(1024 * 1024);
            for (var sent = 0L; sent < size; sent += chunk.Length)
            {
                hash.AppendData(chunk);
                await stream.WriteAsync(chunk);
                await stream.FlushAsync();
                await seen;
            }

            Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = size;
            return true;
        }
    }
}
