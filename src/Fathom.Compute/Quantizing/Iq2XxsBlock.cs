using System.Numerics;

namespace Fathom.Compute.Quantizing;

/// <summary>
/// IQ2_XXS: eight magnitudes at a time are an entry of a fixed grid, with seven signs and the eighth made to fit, and a
/// 4-bit scale for each 32 values (checkpoint specification, section 4.5).
/// </summary>
/// <remarks>Every scale that is tried meets all 256 entries; <see cref="Iq2XxsSearch"/> does that for sixteen vectors of eight values at once.</remarks>
internal static unsafe class Iq2XxsBlock
{
    private const int Groups = 8, VectorsOfGroup = 4, Lanes = 8, Vectors = Groups * VectorsOfGroup;
    private const int Batches = Vectors / Iq2XxsSearch.Lanes, GroupsOfBatch = Groups / Batches;
    private const int LargestCode = 15, Shares = 4;
    private const float Largest = 43f;

    // Scales that each group tries, as shares of what makes its largest value the grid's largest.
    private const int Candidates = 8;
    private const float FirstCandidate = 0.4f, CandidateStep = 0.105f;

    [ThreadStatic]
    private static Iq2XxsSearch? search;

    private static ReadOnlySpan<float> SharesOfLargest => [1f, 0.93f, 1.08f, 0.86f];

    /// <summary>Writes one block.</summary>
    /// <param name="x">Values, [256].</param>
    /// <param name="w">What their errors cost, [256].</param>
    /// <param name="block">66 bytes.</param>
    public static void Write(float* x, float* w, byte* block)
    {
        Iq2XxsSearch grid = search ??= new Iq2XxsSearch();
        float* magnitudes = stackalloc float[Vectors * Lanes], weights = stackalloc float[Vectors * Lanes], scales = stackalloc float[Groups];
        uint* signs = stackalloc uint[Vectors];
        byte* entries = stackalloc byte[Vectors];
        for (int vector = 0; vector < Vectors; vector++) signs[vector] = Transpose(x, w, vector, magnitudes, weights);
        float most = 0;
        for (int batch = 0; batch < Batches; batch++)
        {
            grid.Prepare(magnitudes, weights, batch);
            FreeScales(grid, x + (batch * GroupsOfBatch * 32), scales + (batch * GroupsOfBatch));
        }

        for (int group = 0; group < Groups; group++) most = Math.Max(most, scales[group]);
        int* codes = stackalloc int[Groups];
        float d = ChooseCodes(grid, magnitudes, weights, scales, most, codes);
        *(Half*)block = ChooseEntries(grid, magnitudes, weights, d, codes, entries);
        for (int group = 0; group < Groups; group++)
        {
            byte* place = block + 2 + (8 * group);
            uint word = (uint)codes[group] << 28;
            for (int l = 0; l < VectorsOfGroup; l++)
            {
                int vector = (group * VectorsOfGroup) + l;
                place[l] = entries[vector];
                word |= (signs[vector] & 127) << (7 * l);
            }

            *(uint*)(place + 4) = word;
        }
    }

    private static float Scale(float d, int code) => d * Factor(code);

    private static float Factor(int code) => (0.5f + code) * 0.25f;

    // Puts eight magnitudes and weights into their places, [8][32]; returns the signs, an even number of them negative.
    private static uint Transpose(float* x, float* w, int vector, float* magnitudes, float* weights)
    {
        uint signs = 0;
        int cheapest = 0;
        float least = float.PositiveInfinity;
        for (int j = 0; j < Lanes; j++)
        {
            float value = x[(vector * Lanes) + j], weight = w[(vector * Lanes) + j], magnitude = Math.Abs(value);
            if (value < 0) signs |= 1u << j;
            if (weight * magnitude < least) (least, cheapest) = (weight * magnitude, j);
            magnitudes[(j * Vectors) + vector] = magnitude;
            weights[(j * Vectors) + vector] = weight;
        }

        if ((BitOperations.PopCount(signs) & 1) == 0) return signs;

        // One sign too many: the value that suffers least takes the wrong one.
        magnitudes[(cheapest * Vectors) + vector] = -magnitudes[(cheapest * Vectors) + vector];
        return signs ^ (1u << cheapest);
    }

    // The best scale of each of four groups, if it were free.
    private static void FreeScales(Iq2XxsSearch grid, float* x, float* scales)
    {
        float* tried = stackalloc float[Candidates * GroupsOfBatch], costs = stackalloc float[Candidates * GroupsOfBatch], least = stackalloc float[GroupsOfBatch];
        for (int group = 0; group < GroupsOfBatch; group++)
        {
            float largest = 0;
            for (int i = 0; i < 32; i++) largest = Math.Max(largest, Math.Abs(x[(group * 32) + i]));
            for (int i = 0; i < Candidates; i++) tried[(i * GroupsOfBatch) + group] = largest / Largest * (FirstCandidate + (CandidateStep * i));
        }

        for (int i = 0; i < Candidates; i += Iq2XxsSearch.Scales) grid.Costs(tried + (i * GroupsOfBatch), costs + (i * GroupsOfBatch));
        for (int group = 0; group < GroupsOfBatch; group++)
        {
            int best = 0;
            for (int i = 1; i < Candidates; i++)
            {
                if (costs[(i * GroupsOfBatch) + group] < costs[(best * GroupsOfBatch) + group]) best = i;
            }

            least[group] = tried[(best * GroupsOfBatch) + group];
        }

        // The scale that fits the entries which this one leads to: ΣA / ΣB.
        float* a = stackalloc float[GroupsOfBatch], b = stackalloc float[GroupsOfBatch];
        byte* entries = stackalloc byte[Iq2XxsSearch.Lanes];
        grid.Nearest(least, entries, a, b);
        for (int group = 0; group < GroupsOfBatch; group++) scales[group] = a[group] > 0 && b[group] > 0 ? a[group] / b[group] : 0;
    }

    // The scale of all and the 4-bit scales of the groups: tries a few, each group with the codes on both sides of its own scale.
    private static float ChooseCodes(Iq2XxsSearch grid, float* magnitudes, float* weights, float* scales, float most, int* codes)
    {
        float* d = stackalloc float[Shares], totals = stackalloc float[Shares];
        int* chosen = stackalloc int[Shares * Groups];
        for (int share = 0; share < Shares; share++)
        {
            // The largest code is 15, which stands for 15.5 / 4 times the scale of all.
            d[share] = (float)(Half)Math.Min(most * SharesOfLargest[share] / Factor(LargestCode), (float)Half.MaxValue);
            totals[share] = 0;
        }

        float* tried = stackalloc float[Shares * GroupsOfBatch], costs = stackalloc float[2 * Shares * GroupsOfBatch];
        for (int batch = 0; batch < Batches; batch++)
        {
            grid.Prepare(magnitudes, weights, batch);
            for (int above = 0; above < 2; above++)
            {
                for (int i = 0; i < Shares * GroupsOfBatch; i++) tried[i] = Scale(d[i / GroupsOfBatch], CodeBeside(scales[(batch * GroupsOfBatch) + (i % GroupsOfBatch)], d[i / GroupsOfBatch], above));
                grid.Costs(tried, costs + (above * Shares * GroupsOfBatch));
            }

            for (int i = 0; i < Shares * GroupsOfBatch; i++)
            {
                int share = i / GroupsOfBatch, group = (batch * GroupsOfBatch) + (i % GroupsOfBatch), above = costs[(Shares * GroupsOfBatch) + i] < costs[i] ? 1 : 0;
                chosen[(share * Groups) + group] = CodeBeside(scales[group], d[share], above);
                totals[share] += costs[(above * Shares * GroupsOfBatch) + i];
            }
        }

        int best = 0;
        for (int share = 1; share < Shares; share++)
        {
            if (totals[share] < totals[best]) best = share;
        }

        new Span<int>(chosen + (best * Groups), Groups).CopyTo(new Span<int>(codes, Groups));
        return d[best];
    }

    private static int CodeBeside(float scale, float d, int above) => d > 0 ? (int)Math.Clamp(MathF.Floor((scale * 4f / d) - 0.5f) + above, 0, LargestCode) : 0;

    // The entries under the chosen scales, and last the scale of all that fits them best.
    private static Half ChooseEntries(Iq2XxsSearch grid, float* magnitudes, float* weights, float d, int* codes, byte* entries)
    {
        float* scales = stackalloc float[GroupsOfBatch], a = stackalloc float[GroupsOfBatch], b = stackalloc float[GroupsOfBatch];
        float sumA = 0, sumB = 0;
        for (int batch = 0; batch < Batches; batch++)
        {
            for (int group = 0; group < GroupsOfBatch; group++) scales[group] = Scale(d, codes[(batch * GroupsOfBatch) + group]);
            grid.Prepare(magnitudes, weights, batch);
            grid.Nearest(scales, entries + (batch * Iq2XxsSearch.Lanes), a, b);
            for (int group = 0; group < GroupsOfBatch; group++)
            {
                float factor = Factor(codes[(batch * GroupsOfBatch) + group]);
                sumA += factor * a[group];
                sumB += factor * factor * b[group];
            }
        }

        float fitted = sumA > 0 && sumB > 0 ? sumA / sumB : d;
        return (Half)Math.Min(fitted, (float)Half.MaxValue);
    }
}
