using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace MlLifecycle.Monitoring.Predictions;

/// <summary>One value of a table, as text. What type it has is a matter of its column.</summary>
public static class Cell
{
    /// <summary>The column that stands for an image in all comparisons: mean pixel / 255.</summary>
    public const string Brightness = "brightness";

    /// <summary>A column of grey images, one byte per pixel, in base64. It is read as <see cref="Brightness"/>.</summary>
    public const string Image = "image";

    private static readonly string[] NotNumbers = ["nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"];

    /// <summary>The cell as a number, NaN and infinities included; null when it is none.</summary>
    public static double? Number(string cell) =>
        double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number + 0.0 // minus zero is zero
        : cell.Length <= 9 && NotNumbers.Contains(cell, StringComparer.OrdinalIgnoreCase) ? double.NaN
        : null;

    /// <summary>The cell as a class. 9 and 9.0 are the same: data frames turn whole numbers into fractions as soon as one value is missing.</summary>
    public static string Class(string cell)
    {
        var point = cell.LastIndexOf('.');
        if (point < 1 || point == cell.Length - 1 || cell.AsSpan(point + 1).ContainsAnyExcept('0'))
            return cell;
        var whole = cell.AsSpan(cell[0] == '-' ? 1 : 0, point - (cell[0] == '-' ? 1 : 0));
        return whole.Length > 0 && !whole.ContainsAnyExceptInRange('0', '9') ? cell[..point] : cell;
    }

    /// <summary>The mean brightness of an image in base64, as text; null when it is no such image.</summary>
    public static string? BrightnessOf(string image)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(Encoding.UTF8.GetMaxByteCount(image.Length))];
        return Convert.TryFromBase64String(image, bytes, out var length) && length > 0
            ? Mean(bytes.AsSpan(0, length)).ToString("R", CultureInfo.InvariantCulture)
            : null;
    }

    /// <summary>Mean pixel / 255.</summary>
    public static double Mean(ReadOnlySpan<byte> pixels)
    {
        var sum = 0L;
        foreach (var pixel in pixels)
            sum += pixel;
        return sum / (255.0 * pixels.Length);
    }

    /// <summary>As much of a cell as an answer shows.</summary>
    public static string Shown(string cell) => cell.Length > 60 ? cell[..60] + "…" : cell;
}
