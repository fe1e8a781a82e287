using System.Text;

namespace MlLifecycle.Experiments;

/// <summary>Writes OTLP's wire format.</summary>
internal static class OtlpBytes
{
    public static byte[] Request(params byte[][] spans) => Field(1, Field(2, [.. spans.SelectMany(span => Field(2, span))]));

    public static byte[] True => [(2 << 3) | 0, 1];

    public static byte[] Text(string text) => Field(1, Encoding.UTF8.GetBytes(text));

    public static byte[] Whole(long number) => [(3 << 3) | 0, .. Varint((ulong)number)];

    public static byte[] Real(double number) => [(4 << 3) | 1, .. BitConverter.GetBytes(number)];

    public static byte[] List(params byte[][] values) => Field(5, [.. values.SelectMany(value => Field(1, value))]);

    public static byte[] Map(params (string Key, byte[] Value)[] entries) => Field(6, [.. entries.SelectMany(entry => Entry(1, entry))]);

    public static byte[] Event(string name, long time, params (string Key, byte[] Value)[] attributes) =>
        Field(11, [(1 << 3) | 1, .. BitConverter.GetBytes(time), .. Field(2, Encoding.UTF8.GetBytes(name)), .. attributes.SelectMany(a => Entry(3, a))]);

    public static byte[] Span(byte[] trace, byte span, byte? parent, string name, long start, long end, params (string Key, string Value)[] attributes) =>
        Span(trace, span, parent, name, start, end, [.. attributes.Select(a => (a.Key, Text(a.Value)))], []);

    public static byte[] Span(byte[] trace, byte span, byte? parent, string name, long start, long end, (string Key, byte[] Value)[] attributes, byte[] events) =>
    [
        .. Field(1, trace),
        .. Field(2, [0, 0, 0, 0, 0, 0, 0, span]),
        .. parent is { } p ? Field(4, [0, 0, 0, 0, 0, 0, 0, p]) : [],
        .. Field(5, Encoding.UTF8.GetBytes(name)),
        (7 << 3) | 1, .. BitConverter.GetBytes(start),
        (8 << 3) | 1, .. BitConverter.GetBytes(end),
        .. attributes.SelectMany(a => Entry(9, a)),
        .. events,
        .. Field(15, [(3 << 3) | 0, 1]),
    ];

    private static byte[] Entry(int number, (string Key, byte[] Value) entry) => Field(number, [.. Field(1, Encoding.UTF8.GetBytes(entry.Key)), .. Field(2, entry.Value)]);

    private static byte[] Field(int number, byte[] bytes) => [.. Varint((ulong)((number << 3) | 2)), .. Varint((ulong)bytes.Length), .. bytes];

    private static IEnumerable<byte> Varint(ulong value)
    {
        for (; value > 0x7F; value >>= 7)
            yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
