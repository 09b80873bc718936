using System.Numerics;

namespace Fathom.Compute.Numbers;

/// <summary>
/// The orthonormal Hadamard transform in natural (Sylvester) order:
/// y_a = n^-0.5 · Σ_b (-1)^popcount(a AND b) · x_b (architecture specification, section 6.2).
/// </summary>
public static class Hadamard
{
    /// <summary>Transforms one vector in place: butterflies first, one scaling at the end.</summary>
    /// <param name="values">The vector; its length is a power of two.</param>
    /// <exception cref="ArgumentException">The length is not a power of two.</exception>
    public static void Transform(Span<float> values)
    {
        if (!BitOperations.IsPow2(values.Length))
            throw new ArgumentException($"A Hadamard transform needs a length that is a power of two; {values.Length} is not.", nameof(values));
        for (int half = 1; half < values.Length; half <<= 1)
        {
            for (int start = 0; start < values.Length; start += half << 1)
            {
                for (int i = start; i < start + half; i++)
                {
                    float a = values[i], b = values[i + half];
                    values[i] = a + b;
                    values[i + half] = a - b;
                }
            }
        }

        float scale = 1f / MathF.Sqrt(values.Length);
        foreach (ref float value in values) value *= scale;
    }
}
