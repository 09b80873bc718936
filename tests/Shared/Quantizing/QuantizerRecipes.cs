namespace Fathom.Tests;

/// <summary>Numbers to round, made from a seed alone, for tests and for the comparison with a reference quantiser.</summary>
public static class QuantizerRecipes
{
    /// <summary>Values of a row, which is also as many importances as there are.</summary>
    public const int Columns = 512;

    /// <summary>Rows of a recipe.</summary>
    public const int Rows = 64;

    /// <summary>What there is.</summary>
    public static IReadOnlyList<string> Names { get; } = ["normal", "laplace", "outliers", "mostly zeros", "one sign", "constant blocks", "few values", "tiny", "large"];

    /// <summary>The numbers of a recipe, [Rows, Columns].</summary>
    public static float[] Values(string name)
    {
        var random = new Random(Names.ToList().IndexOf(name));
        var values = new float[Rows * Columns];
        for (int i = 0; i < values.Length; i++)
        {
            float normal = Normal(random);
            values[i] = name switch
            {
                "normal" => normal,
                "laplace" => MathF.CopySign(-MathF.Log(1 - random.NextSingle()), normal),
                "outliers" => random.Next(64) == 0 ? 12 * normal : normal,
                "mostly zeros" => random.Next(5) == 0 ? normal : 0,
                "one sign" => MathF.Abs(normal) + 1,
                "constant blocks" => (i / 256 % 9) - 4,
                "few values" => MathF.Round(2 * normal) / 4,
                "tiny" => 1e-3f * normal,
                "large" => 1e4f * normal,
                _ => throw new ArgumentException($"No recipe is called {name}.", nameof(name)),
            };
        }

        return values;
    }

    /// <summary>How much each column matters, uneven as in a real model, [Columns].</summary>
    public static float[] Importance()
    {
        var random = new Random(77);
        return [.. Enumerable.Range(0, Columns).Select(_ => MathF.Exp(1.5f * Normal(random)))];
    }

    /// <summary>√(Σ w·(x − y)² / Σ w·x²).</summary>
    /// <param name="values">x.</param>
    /// <param name="rounded">y.</param>
    /// <param name="importance">w of each column, or empty for 1.</param>
    public static double RelativeError(ReadOnlySpan<float> values, ReadOnlySpan<float> rounded, ReadOnlySpan<float> importance)
    {
        double error = 0, size = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double weight = importance.IsEmpty ? 1 : importance[i % importance.Length], difference = (double)values[i] - rounded[i];
            error += weight * difference * difference;
            size += weight * values[i] * values[i];
        }

        return Math.Sqrt(error / size);
    }

    private static float Normal(Random random) => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
