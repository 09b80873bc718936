using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Quantizing;

/// <summary>
/// IQ2_XXS: eight magnitudes at a time are an entry of a fixed grid, with seven signs and the eighth made to fit, and a
/// 4-bit scale for each 32 values (checkpoint specification, section 4.5).
/// </summary>
/// <remarks>
/// For a scale t an entry g costs Σ w·(t·g − |x|)² = t²·B(g) − 2t·A(g) and a constant, with A = Σ w·|x|·g and B = Σ w·g². Neither
/// depends on t, so both are computed once for all 256 entries and every scale is then tried against the whole grid.
/// </remarks>
internal static unsafe class Iq2XxsBlock
{
    private const int Entries = 256, Groups = 8, VectorsOfGroup = 4, Lanes = 8;
    private const float Largest = 43f;

    // Magnitudes and their squares, [8][256].
    private static readonly float[] Grid = Table(entry => entry);
    private static readonly float[] Squares = Table(entry => entry * entry);

    [ThreadStatic]
    private static float[]? scratch;

    public static void Write(float* x, float* w, byte* block)
    {
        // A and B of each of the 32 vectors, [32][2][256].
        float[] table = scratch ??= new float[Groups * VectorsOfGroup * 2 * Entries];
        uint* signs = stackalloc uint[Groups * VectorsOfGroup];
        fixed (float* products = table)
        {
            for (int vector = 0; vector < Groups * VectorsOfGroup; vector++) signs[vector] = Prepare(x + (vector * Lanes), w + (vector * Lanes), products + (vector * 2 * Entries));
            float* scales = stackalloc float[Groups];
            float most = 0;
            for (int group = 0; group < Groups; group++)
            {
                scales[group] = GroupScale(x + (group * 32), products + (group * VectorsOfGroup * 2 * Entries));
                most = Math.Max(most, scales[group]);
            }

            int* codes = stackalloc int[Groups], bestCodes = stackalloc int[Groups];
            Half d = ChooseScales(products, scales, most, codes, bestCodes);
            *(Half*)block = d;
            for (int group = 0; group < Groups; group++)
            {
                byte* place = block + 2 + (8 * group);
                uint word = (uint)bestCodes[group] << 28;
                for (int l = 0; l < VectorsOfGroup; l++)
                {
                    int vector = (group * VectorsOfGroup) + l;
                    Nearest(products + (vector * 2 * Entries), Scale((float)d, bestCodes[group]), out int entry);
                    place[l] = (byte)entry;
                    word |= (signs[vector] & 127) << (7 * l);
                }

                *(uint*)(place + 4) = word;
            }
        }
    }

    private static float Scale(float d, int code) => d * (0.5f + code) * 0.25f;

    // Fills A and B; returns the signs, an even number of them negative.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint Prepare(float* x, float* w, float* products)
    {
        uint signs = 0;
        float* magnitudes = stackalloc float[Lanes];
        int cheapest = 0;
        for (int j = 0; j < Lanes; j++)
        {
            magnitudes[j] = Math.Abs(x[j]);
            if (x[j] < 0) signs |= 1u << j;
            if (w[j] * magnitudes[j] < w[cheapest] * magnitudes[cheapest]) cheapest = j;
        }

        // One sign too many: the value that suffers least takes the wrong one.
        if ((BitOperations.PopCount(signs) & 1) != 0)
        {
            signs ^= 1u << cheapest;
            magnitudes[cheapest] = -magnitudes[cheapest];
        }

        fixed (float* grid = Grid, squares = Squares)
        {
            for (int entry = 0; entry < Entries; entry += 8)
            {
                Vector256<float> a = default, b = default;
                for (int j = 0; j < Lanes; j++)
                {
                    a += Vector256.Create(w[j] * magnitudes[j]) * Vector256.Load(grid + (j * Entries) + entry);
                    b += Vector256.Create(w[j]) * Vector256.Load(squares + (j * Entries) + entry);
                }

                a.Store(products + entry);
                b.Store(products + Entries + entry);
            }
        }

        return signs;
    }

    // The best scale of 32 values, if it were free.
    private static float GroupScale(float* x, float* products)
    {
        const int candidates = 14;
        float largest = 0, best = 0, result = 0;
        for (int i = 0; i < 32; i++) largest = Math.Max(largest, Math.Abs(x[i]));
        if (largest == 0) return 0;
        for (int i = 0; i < candidates; i++)
        {
            (float cost, float t) = Refit(products, largest / Largest * (0.4f + (0.06f * i)));
            if (cost < best) (best, result) = (cost, t);
        }

        return result;
    }

    // The scale that fits the entries which a scale leads to, ΣA / ΣB, and what they cost under it: −(ΣA)² / ΣB.
    private static (float Cost, float Scale) Refit(float* products, float t)
    {
        float a = 0, b = 0;
        for (int l = 0; l < VectorsOfGroup; l++)
        {
            float* of = products + (l * 2 * Entries);
            Nearest(of, t, out int entry);
            a += of[entry];
            b += of[Entries + entry];
        }

        return b > 0 && a > 0 ? (-a * a / b, a / b) : (0, 0);
    }

    private static float Cost(float* products, float t)
    {
        float cost = 0;
        for (int l = 0; l < VectorsOfGroup; l++) cost += Least(products + (l * 2 * Entries), t);
        return cost;
    }

    // The cheapest entry under a scale.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Nearest(float* products, float t, out int entry)
    {
        Vector256<float> square = Vector256.Create(t * t), twice = Vector256.Create(2 * t), best = Vector256.Create(float.PositiveInfinity);
        Vector256<int> index = Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7), eight = Vector256.Create(8), where = index;
        for (int i = 0; i < Entries; i += 8)
        {
            Vector256<float> cost = (square * Vector256.Load(products + Entries + i)) - (twice * Vector256.Load(products + i));
            Vector256<float> isLess = Vector256.LessThan(cost, best);
            best = Vector256.ConditionalSelect(isLess, cost, best);
            where = Vector256.ConditionalSelect(isLess.AsInt32(), index, where);
            index += eight;
        }

        float* costs = stackalloc float[Lanes];
        int* entries = stackalloc int[Lanes];
        best.Store(costs);
        where.Store(entries);
        int lane = 0;
        for (int i = 1; i < Lanes; i++)
        {
            if (costs[i] < costs[lane] || (costs[i] == costs[lane] && entries[i] < entries[lane])) lane = i;
        }

        entry = entries[lane];
    }

    // What the cheapest entry costs.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Least(float* products, float t)
    {
        Vector256<float> square = Vector256.Create(t * t), twice = Vector256.Create(2 * t), best = Vector256.Create(float.PositiveInfinity);
        for (int i = 0; i < Entries; i += 8) best = Vector256.Min(best, (square * Vector256.Load(products + Entries + i)) - (twice * Vector256.Load(products + i)));
        float* costs = stackalloc float[Lanes];
        best.Store(costs);
        float least = costs[0];
        for (int i = 1; i < Lanes; i++) least = Math.Min(least, costs[i]);
        return least;
    }

    // The scale of all and the 4-bit scales of the groups: tries a few, each group with its nearest codes.
    private static Half ChooseScales(float* products, float* scales, float most, int* codes, int* bestCodes)
    {
        new Span<int>(bestCodes, Groups).Clear();
        Half result = default;
        if (most == 0) return result;
        float best = float.PositiveInfinity;
        foreach (float share in (ReadOnlySpan<float>)[1f, 0.93f, 1.08f, 0.86f])
        {
            // The largest code is 15, which stands for 15.5 / 4 times the scale of all.
            Half d = (Half)Math.Min(most * share * 4f / 15.5f, (float)Half.MaxValue);
            if ((float)d == 0) continue;
            float cost = 0;
            for (int group = 0; group < Groups; group++) cost += ChooseCode(products + (group * VectorsOfGroup * 2 * Entries), scales[group], (float)d, out codes[group]);
            if (cost >= best) continue;
            (best, result) = (cost, d);
            new Span<int>(codes, Groups).CopyTo(new Span<int>(bestCodes, Groups));
        }

        return result;
    }

    private static float ChooseCode(float* products, float scale, float d, out int code)
    {
        int near = (int)Math.Clamp(MathF.Round((scale * 4f / d) - 0.5f), 0, 15);
        float best = float.PositiveInfinity;
        code = near;
        for (int candidate = Math.Max(0, near - 1); candidate <= Math.Min(15, near + 1); candidate++)
        {
            float cost = Cost(products, Scale(d, candidate));
            if (cost < best) (best, code) = (cost, candidate);
        }

        return best;
    }

    private static float[] Table(Func<float, float> of)
    {
        var table = new float[Lanes * Entries];
        for (int i = 0; i < table.Length; i++) table[i] = of(GgufBlocks.Magnitude(i % Entries, i / Entries));
        return table;
    }
}
