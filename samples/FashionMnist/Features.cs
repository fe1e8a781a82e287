namespace MlLifecycle.Samples.FashionMnist;

/// <summary>
/// What the model sees of an image: histograms of oriented gradients (Dalal and Triggs 2005) in 7 by 7 cells, each normalized by the energy around
/// it, and the mean brightness of each cell. Edges tell a collar from a neckline; brightness tells a filled shape from an open one.
/// </summary>
internal static class Features
{
    private const int Cell = 4;
    private const int Cells = Images.Side / Cell;
    private const int Directions = 8;

    // Keeps a nearly black neighbourhood from being blown up to full contrast.
    private const float Floor = 2500;

    public const int Count = Cells * Cells * (Directions + 1);

    public static float[] Of(ReadOnlySpan<byte> image)
    {
        var features = new float[Count];
        Gradients(image, features);
        Normalize(features);
        for (var cell = 0; cell < Cells * Cells; cell++)
            features[(Cells * Cells * Directions) + cell] = Brightness(image, cell / Cells, cell % Cells);
        return features;
    }

    private static void Gradients(ReadOnlySpan<byte> image, float[] histograms)
    {
        for (var row = 0; row < Images.Side; row++)
        {
            for (var column = 0; column < Images.Side; column++)
            {
                float across = At(image, row, column + 1) - At(image, row, column - 1);
                float down = At(image, row + 1, column) - At(image, row - 1, column);
                var strength = MathF.Sqrt((across * across) + (down * down));
                if (strength == 0)
                    continue;
                var angle = MathF.Atan2(down, across);
                var direction = (angle < 0 ? angle + MathF.PI : angle) / MathF.PI * Directions; // an edge has no sign
                Share(histograms, row, column, direction, strength);
            }
        }
    }

    // A gradient counts for the cells and directions it lies between, by how near it is to each: a shift of a pixel changes little.
    private static void Share(float[] histograms, int row, int column, float direction, float strength)
    {
        var (above, below) = Split((row + 0.5f) / Cell - 0.5f, out var top);
        var (left, right) = Split((column + 0.5f) / Cell - 0.5f, out var first);
        var (near, far) = Split(direction, out var bin);
        for (var down = 0; down < 2; down++)
        {
            for (var across = 0; across < 2; across++)
            {
                var (r, c) = (top + down, first + across);
                if (r is < 0 or >= Cells || c is < 0 or >= Cells)
                    continue;
                var weight = strength * (down == 0 ? above : below) * (across == 0 ? left : right);
                var cell = ((r * Cells) + c) * Directions;
                histograms[cell + (bin % Directions)] += weight * near;
                histograms[cell + ((bin + 1) % Directions)] += weight * far;
            }
        }
    }

    private static (float Near, float Far) Split(float place, out int whole)
    {
        whole = (int)MathF.Floor(place);
        var rest = place - whole;
        return (1 - rest, rest);
    }

    private static void Normalize(float[] features)
    {
        Span<float> energy = stackalloc float[Cells * Cells];
        for (var cell = 0; cell < energy.Length; cell++)
        {
            foreach (var value in features.AsSpan(cell * Directions, Directions))
                energy[cell] += value * value;
        }

        for (var cell = 0; cell < energy.Length; cell++)
        {
            var around = Floor;
            for (var row = Math.Max(0, cell / Cells - 1); row <= Math.Min(Cells - 1, cell / Cells + 1); row++)
            {
                for (var column = Math.Max(0, cell % Cells - 1); column <= Math.Min(Cells - 1, cell % Cells + 1); column++)
                    around += energy[(row * Cells) + column];
            }

            foreach (ref var value in features.AsSpan(cell * Directions, Directions))
                value /= MathF.Sqrt(around);
        }
    }

    private static float Brightness(ReadOnlySpan<byte> image, int cellRow, int cellColumn)
    {
        var sum = 0;
        for (var row = 0; row < Cell; row++)
        {
            foreach (var pixel in image.Slice((((cellRow * Cell) + row) * Images.Side) + (cellColumn * Cell), Cell))
                sum += pixel;
        }

        return sum / (Cell * Cell * 255f);
    }

    private static int At(ReadOnlySpan<byte> image, int row, int column) =>
        row is < 0 or >= Images.Side || column is < 0 or >= Images.Side ? 0 : image[(row * Images.Side) + column];
}
