using System.Text;

namespace MlLifecycle.Cli;

/// <summary>An OTLP request of one span, byte by byte as opentelemetry-proto has it.</summary>
internal static class Wire
{
    public static byte[] Span(byte[] trace, byte[] span, string name, ulong start, ulong end, params (string Key, string Value)[] attributes) => Field(1, Field(2, Field(2,
    [
        .. Field(1, trace), .. Field(2, span), .. Field(5, Encoding.UTF8.GetBytes(name)), .. Fixed(7, start), .. Fixed(8, end),
        .. attributes.SelectMany(a => Field(9, [.. Field(1, Encoding.UTF8.GetBytes(a.Key)), .. Field(2, Field(1, Encoding.UTF8.GetBytes(a.Value)))])),
        .. Field(15, [0x18, 0x01]),
    ])));

    private static byte[] Field(int field, byte[] content) => [.. Varint((ulong)((field << 3) | 2)), .. Varint((ulong)content.Length), .. content];

    private static byte[] Fixed(int field, ulong value) => [.. Varint((ulong)((field << 3) | 1)), .. BitConverter.GetBytes(value)];

    private static IEnumerable<byte> Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
