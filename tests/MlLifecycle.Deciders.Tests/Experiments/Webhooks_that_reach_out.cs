using System.Net;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.Webhooks;

public static class Webhooks_that_reach_out
{
    [Theory]
    [InlineData("93.184.216.34", true)]
    [InlineData("2606:2800:220:1:248:1893:25c8:1946", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.8.9.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    public static void do_not_reach_inside(string address, bool outside) => WebhookSender.IsOutside(IPAddress.Parse(address)).ShouldBe(outside);

    // Computed with Python's hmac and base64: hmac.new(b"secret", b"0192a000-0000-7000-8000-000000000001.1700000000.{}", sha256).
    [Fact]
    public static void are_signed_over_id_time_and_payload() =>
        WebhookSender.Sign("secret", Guid.Parse("0192a000-0000-7000-8000-000000000001"), "1700000000", "{}").ShouldBe("v1,nRDD6X2A8R1ZNbU3gnA1o+tSqAWWNiuO66OTcC0DTLg=");
}
