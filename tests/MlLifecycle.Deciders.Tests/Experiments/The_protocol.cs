using System.Buffers;
using System.Text;
using System.Text.Json;
using MlLifecycle.Experiments.Runs;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.Protocol;

public static class The_protocol
{
    [Theory]
    [InlineData("0.5", 0.5)]
    [InlineData("\"0.5\"", 0.5)]
    [InlineData("1", 1.0)]
    [InlineData("\"NaN\"", double.NaN)]
    [InlineData("\"Infinity\"", double.PositiveInfinity)]
    [InlineData("\"-Infinity\"", double.NegativeInfinity)]
    public static void reads_numbers_as_protobuf_does(string json, double value) => Metric($$"""{"value": {{json}}}""").Value.ShouldBe(value);

    [Theory]
    [InlineData("12", 12)]
    [InlineData("\"12\"", 12)]
    [InlineData("-3", -3)]
    [InlineData("4.0", 4)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("\"9223372036854775807\"", long.MaxValue)]
    public static void reads_64_bit_integers_as_numbers_or_text(string json, long value) => Metric($$"""{"step": {{json}}}""").Step.ShouldBe(value);

    [Theory]
    [InlineData("""{"value": "high"}""")]
    [InlineData("""{"value": true}""")]
    [InlineData("""{"value": "1e999"}""")]
    [InlineData("""{"step": 1.5}""")]
    [InlineData("""{"step": 9223372036854775808}""")]
    [InlineData("""{"step": []}""")]
    [InlineData("""{"key": 7}""")]
    [InlineData("""{"key": "a\u0000b"}""")]
    [InlineData("""{"key": "\ud800"}""")]
    [InlineData("""[]""")]
    [InlineData("""{"key": "a"}}""")]
    [InlineData("""{"key": """)]
    public static void refuses_what_is_of_a_wrong_type(string json) => Should.Throw<JsonException>(() => Metric(json));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("""{"nonsense": {"a": [1]}, "key": null}""")]
    public static void ignores_what_it_does_not_know_and_what_is_null(string json) => Metric(json).Key.ShouldBeNull();

    [Fact]
    public static void reads_text_that_was_encoded_twice() => Metric("""  "{\"key\": \"a\"}"  """).Key.ShouldBe("a");

    [Theory]
    [InlineData("""{"metrics": [null]}""", "metrics[0]")]
    [InlineData("""{"params": [{"key": "a"}, null]}""", "params[1]")]
    public static void refuses_a_list_with_nothing_in_a_place(string json, string place) =>
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize<LogBatchMessage>(json, ProtoJson.Options)).Message.ShouldContain(place);

    [Theory]
    [InlineData("\"FINISHED\"", RunStatus.Finished)]
    [InlineData("4", RunStatus.Failed)]
    [InlineData("\"4\"", RunStatus.Failed)]
    public static void reads_enumerations_by_name_or_number(string json, RunStatus status) => JsonSerializer.Deserialize<RunStatus>(json, ProtoJson.Options).ShouldBe(status);

    [Theory]
    [InlineData("\"Finished\"")]
    [InlineData("\"DONE\"")]
    [InlineData("9")]
    public static void refuses_unknown_enumerations(string json) => Should.Throw<JsonException>(() => JsonSerializer.Deserialize<RunStatus>(json, ProtoJson.Options));

    [Theory]
    [InlineData("loss", true)]
    [InlineData("val/loss at 5:x-y.z_", true)]
    [InlineData("ключ", true)]
    [InlineData("R²", true)]
    [InlineData("½ of Ⅳ", true)]
    [InlineData("𝑅", true)]
    [InlineData("🌊", false)]
    [InlineData("a\ud835", false)]
    [InlineData("a//b", false)]
    [InlineData("../a", false)]
    [InlineData("a/./b", false)]
    [InlineData("/a", false)]
    [InlineData("a?", false)]
    [InlineData("a\n", false)]
    public static void knows_what_can_be_a_key(string key, bool good) => (Names.CheckKey("key", key) is null).ShouldBe(good);

    [Fact]
    public static void has_keys_of_at_most_250_characters()
    {
        Names.CheckKey("key", new string('k', 250)).ShouldBeNull();
        var refusal = Names.CheckKey("key", new string('k', 10_000)).ShouldNotBeNull();
        refusal.Detail.ShouldContain("10000");
        refusal.Detail.Length.ShouldBeLessThan(300);
    }

    [Fact]
    public static void gives_page_tokens_that_fit_only_their_own_search()
    {
        var token = new PageToken(PageToken.Fingerprint("a"), 0, [JsonSerializer.SerializeToElement(7)]).Encode();
        PageToken.Decode(token, PageToken.Fingerprint("a"), _ => 1, out var read).ShouldBeNull();
        read!.After[0].GetInt32().ShouldBe(7);
        PageToken.Decode(token, PageToken.Fingerprint("b"), _ => 1, out _).ShouldNotBeNull();
        PageToken.Decode(token, PageToken.Fingerprint("a"), _ => 2, out _).ShouldNotBeNull();
        foreach (var nonsense in (string[])["x", "%%%", "bnVsbA==", "e30=", "W10="])
            PageToken.Decode(nonsense, PageToken.Fingerprint("a"), _ => 1, out _).ShouldNotBeNull();
        PageToken.Decode("", "x", _ => 1, out _).ShouldBeNull();
    }

    private static MetricMessage Metric(string json) => Sent<MetricMessage>.FromBody(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)));
}
