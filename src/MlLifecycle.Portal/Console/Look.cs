using MudBlazor;

namespace MlLifecycle.Portal.Console;

/// <summary>MudBlazor in the console's type and shapes. Its colours are the page's own: colours.css, where light and dark switch without the server.</summary>
public static class Look
{
    private static readonly string[] Sans = ["Inter", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif"];

    public static readonly MudTheme Theme = new()
    {
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Sans, FontSize = "0.9375rem", LineHeight = "1.55", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontFamily = Sans, TextTransform = "none", FontWeight = "540", LetterSpacing = "normal" },
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "8px" },
    };
}
