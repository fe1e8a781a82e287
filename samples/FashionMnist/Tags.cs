namespace MlLifecycle.Samples.FashionMnist;

/// <summary>What an image is tagged with, so that errors can be counted by it: its class, how bright it is, which look-alikes it belongs to.</summary>
internal static class Tags
{
    /// <summary>Classes that people take for one another as well.</summary>
    private static readonly string[][] LookAlikes =
        [["Shirt", "T-shirt/top"], ["Shirt", "Pullover"], ["Shirt", "Coat"], ["Pullover", "Coat"], ["Shirt", "Dress"], ["Sneaker", "Ankle boot"], ["Sandal", "Sneaker"]];

    /// <summary>The bands hold about a third of the images each.</summary>
    public static string Band(double brightness) => brightness switch { < 0.2 => "dark", < 0.36 => "medium", _ => "bright" };

    public static IEnumerable<string> PairsOf(string garment) =>
        LookAlikes.Where(pair => pair.Contains(garment)).Select(pair => $"{pair[0]} or {pair[1]}");

    /// <summary>Whether an image carries a tag, as the suite's tag table names it.</summary>
    public static bool Carries(Images images, int image, string tag) =>
        tag == $"class={images.ClassOf(image)}" || tag == $"brightness={Band(images.Brightness(image))}" || PairsOf(images.ClassOf(image)).Contains(tag);
}
