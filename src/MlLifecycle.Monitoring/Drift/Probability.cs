namespace MlLifecycle.Monitoring.Drift;

/// <summary>Tail probabilities of the distributions that the tests of drift rest on.</summary>
public static class Probability
{
    private const int MostTerms = 100_000;
    private const double Smallest = 1e-16;

    // Coefficients of Lanczos' approximation with g = 7 and nine terms; good to about 1e-15.
    private static readonly double[] Lanczos =
    [
        0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012,
        9.9843695780195716e-6, 1.5056327351493116e-7,
    ];

    /// <summary>P(X ≥ statistic) of the chi-square distribution.</summary>
    public static double ChiSquareTail(double statistic, int degrees) => statistic <= 0 ? 1 : UpperGamma(degrees / 2.0, statistic / 2);

    /// <summary>P(|Z| ≥ |z|) of the standard normal distribution.</summary>
    public static double NormalTails(double z) => z == 0 ? 1 : UpperGamma(0.5, z * z / 2);

    /// <summary>P(K ≥ x) of Kolmogorov's limit distribution: 2 Σ (−1)^(k−1) exp(−2k²x²).</summary>
    public static double KolmogorovTail(double x)
    {
        if (x <= 0)
            return 1;
        if (x < 1)
        {
            // The series above converges slowly here; this is its image under Jacobi's theta identity: √(2π)/x Σ exp(−(2k−1)²π²/(8x²)).
            var below = 0.0;
            for (var k = 1; k <= 20; k++)
            {
                var odd = ((2 * k) - 1) * Math.PI / x;
                below += Math.Exp(-odd * odd / 8);
            }

            return Math.Clamp(1 - (Math.Sqrt(2 * Math.PI) / x * below), 0, 1);
        }

        var tail = 0.0;
        for (var k = 1; k <= 20; k++)
            tail += (k % 2 == 1 ? 2 : -2) * Math.Exp(-2.0 * k * k * x * x);
        return Math.Clamp(tail, 0, 1);
    }

    /// <summary>The regularized upper incomplete gamma function Q(a, x): its series below a + 1, its continued fraction (Lentz) above.</summary>
    public static double UpperGamma(double a, double x)
    {
        if (x <= 0)
            return 1;
        var scale = Math.Exp((a * Math.Log(x)) - x - LogGamma(a));
        if (x < a + 1)
        {
            double term = 1 / a, sum = term;
            for (var n = 1; n < MostTerms && term > sum * Smallest; n++)
            {
                term *= x / (a + n);
                sum += term;
            }

            return Math.Clamp(1 - (sum * scale), 0, 1);
        }

        var b = x + 1 - a;
        var c = 1e300;
        var d = 1 / b;
        var fraction = d;
        for (var n = 1; n < MostTerms; n++)
        {
            var factor = n * (a - n);
            b += 2;
            d = 1 / NotZero((factor * d) + b);
            c = NotZero(b + (factor / c));
            fraction *= c * d;
            if (Math.Abs((c * d) - 1) < Smallest)
                break;
        }

        return Math.Clamp(fraction * scale, 0, 1);
    }

    private static double NotZero(double value) => Math.Abs(value) < 1e-300 ? 1e-300 : value;

    private static double LogGamma(double x)
    {
        if (x < 0.5)
            return Math.Log(Math.PI / Math.Sin(Math.PI * x)) - LogGamma(1 - x);
        var shifted = x - 1;
        var sum = Lanczos[0];
        for (var i = 1; i < Lanczos.Length; i++)
            sum += Lanczos[i] / (shifted + i);
        var t = shifted + 7.5;
        return (0.5 * Math.Log(2 * Math.PI)) + ((shifted + 0.5) * Math.Log(t)) - t + Math.Log(sum);
    }
}
