using Fathom.Compute.Quantizing;
using Fathom.Tests;

namespace Fathom.Compute.Tests;

/// <summary>Rounding to GGUF's blocks: what it loses, beside a plain rounding to nearest.</summary>
public sealed class QuantizerTests
{
    private const int Count = 256 * 64;

    // Relative root mean square errors on normal numbers: at most this much, and so much below plain rounding. The best
    // possible quantisers with 16 and 4 fixed levels (Max 1960, Lloyd 1982) have 0.0975 and 0.3428 there.
    [Theory]
    [InlineData(WeightFormat.Q80, 0.0055, 1.01)]
    [InlineData(WeightFormat.Q4K, 0.072, 0.9)]
    [InlineData(WeightFormat.Q2K, 0.265, 0.82)]
    [InlineData(WeightFormat.Iq2Xxs, 0.33, 0.8)]
    public void Normal_numbers_lose_little(WeightFormat format, double most, double shareOfPlain)
    {
        float[] values = Normal(1);
        double error = RelativeError(values, Rounded(format, values, []), []), plain = RelativeError(values, Plain(format, values), []);
        TestContext.Current.SendDiagnosticMessage($"{format}: {error:f4}, plain {plain:f4}");
        Assert.InRange(error, 1e-4, most);
        Assert.InRange(error / plain, 0, shareOfPlain);
    }

    [Theory]
    [InlineData(WeightFormat.Q4K)]
    [InlineData(WeightFormat.Q2K)]
    [InlineData(WeightFormat.Iq2Xxs)]
    public void Importance_moves_the_error_to_where_it_costs_less(WeightFormat format)
    {
        float[] values = Normal(2), importance = [.. Normal(3).Select(value => MathF.Exp(2 * value))];
        double with = RelativeError(values, Rounded(format, values, importance), importance), without = RelativeError(values, Rounded(format, values, []), importance);
        TestContext.Current.SendDiagnosticMessage($"{format}: weighted error {with:f4}, without importance {without:f4}");
        Assert.InRange(with / without, 0, 0.9);
    }

    [Theory]
    [InlineData(WeightFormat.Q80)]
    [InlineData(WeightFormat.Q4K)]
    [InlineData(WeightFormat.Q2K)]
    [InlineData(WeightFormat.Iq2Xxs)]
    public void Odd_blocks_stay_finite_and_near(WeightFormat format)
    {
        foreach (Func<int, float> value in (Func<int, float>[])[_ => 0, _ => 1, _ => -3, i => i == 7 ? 5 : 0, i => i, i => -i, i => 1e-9f * i, i => 1e-30f * i, i => i % 2 == 0 ? 60000 : -60000])
        {
            float[] values = [.. Enumerable.Range(0, 256).Select(value)], rounded = Rounded(format, values, []);
            float largest = values.Max(Math.Abs);
            Assert.All(rounded, found => Assert.InRange(found, -1.6f * largest, 1.6f * largest));
        }

        Assert.Throws<NotFiniteNumberException>(() => Rounded(format, [.. Enumerable.Repeat(float.NaN, 256)], []));
    }

    [Theory]
    [InlineData(WeightFormat.Q4K)]
    [InlineData(WeightFormat.Q2K)]
    [InlineData(WeightFormat.Q80)]
    public void Values_that_are_blocks_already_hardly_move(WeightFormat format)
    {
        float[] once = Rounded(format, Normal(4), []), twice = Rounded(format, once, []);
        Assert.InRange(RelativeError(once, twice, []), 0, format == WeightFormat.Q2K ? 0.05 : 0.01);
    }

    // Relative errors of llama.cpp's quantiser (ggml_quantize_chunk of its release v0.5.0) on the same numbers, without and with importance,
    // as 'Fathom.Benchmarks quantizers LIBGGML-BASE' prints them.
    [Theory]
    [InlineData("normal", WeightFormat.Q4K, 0.07180, 0.05808)]
    [InlineData("normal", WeightFormat.Q2K, 0.29712, 0.20495)]
    [InlineData("normal", WeightFormat.Iq2Xxs, 0.34525, 0.26570)]
    [InlineData("laplace", WeightFormat.Q4K, 0.08513, 0.07017)]
    [InlineData("laplace", WeightFormat.Q2K, 0.34684, 0.23342)]
    [InlineData("laplace", WeightFormat.Iq2Xxs, 0.38542, 0.31302)]
    [InlineData("outliers", WeightFormat.Q4K, 0.10101, 0.09393)]
    [InlineData("outliers", WeightFormat.Q2K, 0.31072, 0.25621)]
    [InlineData("outliers", WeightFormat.Iq2Xxs, 0.66091, 0.58196)]
    [InlineData("mostly zeros", WeightFormat.Q4K, 0.05718, 0.04496)]
    [InlineData("mostly zeros", WeightFormat.Q2K, 0.45690, 0.16858)]
    [InlineData("mostly zeros", WeightFormat.Iq2Xxs, 0.62489, 0.48914)]
    [InlineData("one sign", WeightFormat.Q4K, 0.03102, 0.02540)]
    [InlineData("one sign", WeightFormat.Q2K, 0.13617, 0.10499)]
    [InlineData("one sign", WeightFormat.Iq2Xxs, 0.30909, 0.23213)]
    [InlineData("constant blocks", WeightFormat.Q4K, 0.00029, 0.00029)]
    [InlineData("constant blocks", WeightFormat.Q2K, 0.00024, 0.00024)]
    [InlineData("constant blocks", WeightFormat.Iq2Xxs, 0.33325, 0.24981)]
    [InlineData("few values", WeightFormat.Q4K, 0.06127, 0.04991)]
    [InlineData("few values", WeightFormat.Q2K, 0.30777, 0.20928)]
    [InlineData("few values", WeightFormat.Iq2Xxs, 0.35965, 0.27880)]
    [InlineData("tiny", WeightFormat.Q4K, 0.07137, 0.05772)]
    [InlineData("tiny", WeightFormat.Q2K, 0.29925, 0.20512)]
    [InlineData("tiny", WeightFormat.Iq2Xxs, 0.34432, 0.26431)]
    [InlineData("large", WeightFormat.Q4K, 0.07113, 0.05721)]
    [InlineData("large", WeightFormat.Q2K, 0.29740, 0.20239)]
    [InlineData("large", WeightFormat.Iq2Xxs, 0.34499, 0.26600)]
    public void Nothing_is_rounded_worse_than_by_the_reference_quantiser(string recipe, WeightFormat format, double reference, double referenceWeighted)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable(InstructionSetTests.InnerRun) == "scalar" && recipe is not ("normal" or "outliers"), "Without vectors a recipe takes seconds, and two show that the numbers are the same.");
        const double lastPlace = 0.5e-5;
        float[] values = QuantizerRecipes.Values(recipe), importance = QuantizerRecipes.Importance(), repeated = [.. Enumerable.Range(0, values.Length).Select(i => importance[i % importance.Length])];
        double error = QuantizerRecipes.RelativeError(values, Rounded(format, values, []), []), weighted = QuantizerRecipes.RelativeError(values, Rounded(format, values, repeated), importance);
        TestContext.Current.SendDiagnosticMessage($"{recipe}, {format}: {error:f5} and {weighted:f5} with importance");
        Assert.InRange(error, 0, reference + lastPlace);
        Assert.InRange(weighted, 0, referenceWeighted + lastPlace);
    }

    [Theory]
    [InlineData(WeightFormat.Q4K)]
    [InlineData(WeightFormat.Q2K)]
    [InlineData(WeightFormat.Iq2Xxs)]
    public void A_block_does_not_depend_on_its_neighbours(WeightFormat format)
    {
        int bytes = GgufBlocks.BytesOf(format);
        float[] values = Normal(5)[..(5 * 256)];
        values.AsSpan(256, 256).Clear();
        byte[] together = new byte[5 * bytes], alone = new byte[5 * bytes];
        BlockQuantizer.Quantize(format, values, [], together);
        for (int i = 0; i < 5; i++) BlockQuantizer.Quantize(format, values.AsSpan(i * 256, 256), [], alone.AsSpan(i * bytes, bytes));
        Assert.Equal(alone, together);
    }

    private static float[] Rounded(WeightFormat format, float[] values, float[] importance)
    {
        float[] result = [.. values];
        BlockQuantizer.Round(format, result, importance);
        return result;
    }

    // Each group between its own least and largest value, scales in 32 bits; beside IQ2_XXS four levels from −largest to largest.
    private static float[] Plain(WeightFormat format, float[] values)
    {
        (int group, int levels) = format switch { WeightFormat.Q80 => (32, 254), WeightFormat.Q4K => (32, 15), WeightFormat.Q2K => (16, 3), _ => (32, 3) };
        float[] result = new float[values.Length];
        for (int first = 0; first < values.Length; first += group)
        {
            Span<float> of = values.AsSpan(first, group);
            float low = 0, high = 0;
            foreach (float value in of) (low, high) = (Math.Min(low, value), Math.Max(high, value));
            if (format is WeightFormat.Q80 or WeightFormat.Iq2Xxs) (low, high) = (-Math.Max(-low, high), Math.Max(-low, high));
            float step = (high - low) / levels;
            for (int i = 0; i < group; i++) result[first + i] = low + (MathF.Round((of[i] - low) / step) * step);
        }

        return result;
    }

    private static double RelativeError(float[] values, float[] rounded, float[] importance)
    {
        double error = 0, size = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double weight = importance.Length == 0 ? 1 : importance[i];
            error += weight * (values[i] - rounded[i]) * (values[i] - rounded[i]);
            size += weight * values[i] * values[i];
        }

        return Math.Sqrt(error / size);
    }

    private static float[] Normal(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Count).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
