using System.Net;
using System.Security.Cryptography;
using System.Text;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

/// <summary>What only a real server on a real connection can show.</summary>
[Collection(nameof(Datasets))]
public sealed class Uploads_over_the_wire(DatasetsFixture service, DatasetsProcess process) : IClassFixture<DatasetsProcess>
{
    private readonly Workbench _bench = new(service);

    [Fact]
    public async Task end_early_and_leave_nothing()
    {
        await _bench.Register();
        var objects = service.Objects.Length;
        await CutOff("Content-Length: 1000000", new byte[300_000]);
        await CutOff("Transfer-Encoding: chunked", [.. "40000\r\n"u8, .. new byte[0x40000], .. "\r\n40000\r\n"u8, .. new byte[1000]]);
        (await _bench.Staged()).ShouldBeEmpty();
        service.Objects.Length.ShouldBe(objects);

        // One whose end cannot be made out, from a sender that still listens, is answered.
        using var garbled = await process.Send(
            _bench.Team, $"PUT {_bench.Dataset}/staging/a.bin HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked", [.. "4\r\nabcd\r\nno length\r\n"u8]);
        using var reader = new StreamReader(garbled.GetStream());
        (await reader.ReadToEndAsync()).ShouldContain("upload-truncated");
        (await _bench.Staged()).ShouldBeEmpty();
        service.Incoming.ShouldBeEmpty();

        async Task CutOff(string header, byte[] part)
        {
            using (await process.Send(_bench.Team, $"PUT {_bench.Dataset}/staging/a.bin HTTP/1.1\r\n{header}", part))
                await Answers.Until(() => Task.FromResult(service.Incoming), incoming => incoming.Any(file => new FileInfo(file).Length > 0));
            await Answers.Until(() => Task.FromResult(service.Incoming.Length), incoming => incoming == 0);
        }
    }

    [Theory]
    [InlineData("/staging/../../../secret")]
    [InlineData("/staging/a/../b")]
    [InlineData("/staging/%2e%2e/b")]
    [InlineData("/staging/..%2Fb")]
    [InlineData("/staging/a%2Fb")]
    [InlineData("/staging/%2Fetc/passwd")]
    [InlineData("/staging//etc/passwd")]
    [InlineData("/staging/a//b")]
    [InlineData("/staging/a/")]
    [InlineData("/staging/a%5Cb")]
    [InlineData("/staging/a%0Ab")]
    [InlineData("/staging/a%00b")]
    [InlineData("/staging/")]
    public async Task do_not_lead_out_by_their_path(string path)
    {
        await _bench.With("a/b", "x");
        var (status, answer) = await process.Ask(_bench.Team, $"PUT {_bench.Dataset}{path} HTTP/1.1", "y");
        status.ShouldBeInRange(400, 405, answer);
        (await _bench.Staged()).ShouldBeEmpty();
        if (path == "/staging/")
            return; // the list of files
        (status, answer) = await process.Ask(_bench.Team, $"GET {_bench.Dataset}{path.Replace("/staging/", "/versions/1/files/", StringComparison.Ordinal)} HTTP/1.1");
        status.ShouldBeInRange(400, 405, answer);
    }

    [Fact]
    public async Task of_300_MB_pass_through_without_filling_the_memory()
    {
        const long size = 300L << 20;
        await _bench.Register();
        using var client = process.Like(_bench.Team);
        await client.PutAsync($"{_bench.Dataset}/staging/warm", new StreamContent(new Generated(8 << 20))).Json();
        var before = process.Memory().Now;
        using var digest = SHA256.Create();
        var hex = Convert.ToHexStringLower(await digest.ComputeHashAsync(new Generated(size)));
        client.DefaultRequestHeaders.Add("X-Content-Sha256", hex);
        var stored = await client.PutAsync($"{_bench.Dataset}/staging/big", new StreamContent(new Generated(size), 1 << 16)).Json();
        (stored["bytes"]!.GetValue<long>(), stored["digest"]!.ToString()).ShouldBe((size, hex));
        var upload = process.Memory().Peak - before;
        await _bench.Commit();
        await using (var download = await client.GetStreamAsync($"{_bench.Dataset}/versions/1/files/big"))
            Convert.ToHexStringLower(await digest.ComputeHashAsync(download)).ShouldBe(hex);
        var reading = process.Memory().Peak - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{before} MiB before; {upload} more while writing, {reading} more while reading");
        upload.ShouldBeLessThan(64);
        reading.ShouldBeLessThan(64);
    }

    [Fact]
    public async Task that_were_staged_outlive_the_service_and_half_an_upload_does_not()
    {
        await _bench.Register();
        using var client = process.Like(_bench.Team);
        await client.PutAsync($"{_bench.Dataset}/staging/whole", new ByteArrayContent("whole"u8.ToArray())).Json();
        var swept = service.Incoming;
        using (await process.Send(_bench.Team, $"PUT {_bench.Dataset}/staging/half HTTP/1.1\r\nContent-Length: 1000000", new byte[600_000]))
        {
            await Answers.Until(() => Task.FromResult(service.Incoming.Except(swept)), incoming => incoming.Any(file => new FileInfo(file).Length > 0));
            await process.Kill();
        }

        foreach (var left in service.Incoming.Except(swept))
            File.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddDays(-2)); // as if the service had been away so long that no upload can still run
        await process.Start();
        service.Incoming.ShouldBe(swept);
        (await _bench.Staged()).ShouldBe(["added whole"]);
        await client.PutAsync($"{_bench.Dataset}/staging/half", new ByteArrayContent(new byte[1_000_000])).Json();
        (await client.Post($"{_bench.Dataset}/versions", new { message = "both" }).Json(HttpStatusCode.Created))["files"]!.GetValue<int>().ShouldBe(2);
        (await client.GetStringAsync($"{_bench.Dataset}/versions/1/files/whole")).ShouldBe("whole");
        (await client.GetByteArrayAsync($"{_bench.Dataset}/versions/1/files/half")).Length.ShouldBe(1_000_000);
    }

    /// <summary>Bytes that do not repeat, made while they are read.</summary>
    private sealed class Generated(long size) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, size - _position);
            for (var i = 0; i < read; i++)
            {
                var place = _position + i;
                buffer[offset + i] = (byte)((place * 31) ^ (place >> 16));
            }

            _position += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
