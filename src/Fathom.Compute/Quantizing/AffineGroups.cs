using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Quantizing;

/// <summary>
/// 256 values in groups that are y = d·S·q − dmin·M each, as Q4_K and Q2_K keep them: small integers q, S and M, two
/// scales for all. First each group is fitted alone, then S and M are chosen among their neighbours and d and dmin
/// fitted to all groups at once, twice.
/// </summary>
internal unsafe ref struct AffineGroups
{
    /// <summary>Values of a block.</summary>
    public const int Count = 256;

    private const int MostGroups = 16;
    private const int Rounds = 2;

    private readonly float* x;
    private readonly float* w;
    private readonly int groupSize;
    private readonly int levels;
    private readonly int scaleLevels;
    private fixed float scale[MostGroups];
    private fixed float offset[MostGroups];
    private fixed int scaleCode[MostGroups];
    private fixed int minCode[MostGroups];

    /// <summary>Prepares the search.</summary>
    /// <param name="x">Values, [256].</param>
    /// <param name="w">What their errors cost, [256].</param>
    /// <param name="groupSize">16 or 32.</param>
    /// <param name="levels">The largest q.</param>
    /// <param name="scaleLevels">The largest S and M.</param>
    public AffineGroups(float* x, float* w, int groupSize, int levels, int scaleLevels)
    {
        this.x = x;
        this.w = w;
        this.groupSize = groupSize;
        this.levels = levels;
        this.scaleLevels = scaleLevels;
    }

    /// <summary>d, after <see cref="Fit"/>.</summary>
    public Half D { get; private set; }

    /// <summary>dmin, after <see cref="Fit"/>.</summary>
    public Half DMin { get; private set; }

    private readonly int Groups => Count / groupSize;

    /// <summary>S of a group.</summary>
    public readonly int ScaleCode(int group) => scaleCode[group];

    /// <summary>M of a group.</summary>
    public readonly int MinCode(int group) => minCode[group];

    /// <summary>q of a value.</summary>
    public readonly int Code(int i)
    {
        int group = i / groupSize;
        float s = (float)D * scaleCode[group], b = -((float)DMin * minCode[group]);
        return s > 0 ? (int)Math.Clamp(MathF.Round((x[i] - b) / s), 0, levels) : 0;
    }

    /// <summary>Finds everything.</summary>
    public void Fit()
    {
        float mostScale = 0, mostMin = 0;
        for (int group = 0; group < Groups; group++)
        {
            FitGroup(group);
            mostScale = Math.Max(mostScale, scale[group]);
            mostMin = Math.Max(mostMin, -offset[group]);
        }

        D = ToHalf(mostScale / scaleLevels);
        DMin = ToHalf(mostMin / scaleLevels);
        double best = ChooseCodes();
        for (int round = 0; round < Rounds; round++)
        {
            (Half d, Half dmin) = (D, DMin);
            int* before = stackalloc int[2 * MostGroups];
            for (int group = 0; group < Groups; group++) (before[group], before[MostGroups + group]) = (scaleCode[group], minCode[group]);
            FitScales();
            double error = ChooseCodes();
            if (error < best)
            {
                best = error;
                continue;
            }

            (D, DMin) = (d, dmin);
            for (int group = 0; group < Groups; group++) (scaleCode[group], minCode[group]) = (before[group], before[MostGroups + group]);
            break;
        }
    }

    // Below the smallest half above zero a scale would vanish; above the largest it would be infinite.
    private static Half ToHalf(float value) => (Half)Math.Min(value, (float)Half.MaxValue);

    // Tries ranges a little narrower and wider than the group's, and fits scale and offset to the codes of each by least squares.
    private void FitGroup(int group)
    {
        const int steps = 9;
        const float stepSize = 0.1f;
        float* values = x + (group * groupSize), weights = w + (group * groupSize);
        float low = 0, high = values[0];
        for (int i = 0; i < groupSize; i++) (low, high) = (Math.Min(low, values[i]), Math.Max(high, values[i]));
        (scale[group], offset[group]) = (0, low);
        if (high <= low) return;

        float best = float.PositiveInfinity;
        for (int step = -steps; step <= steps; step++)
        {
            float s = (high - low) / (levels + (step * stepSize)), b = low;
            LeastSquares(values, weights, ref s, ref b);
            LeastSquares(values, weights, ref s, ref b);
            float error = Error(values, weights, s, b);
            if (error < best) (best, scale[group], offset[group]) = (error, s, b);
        }
    }

    // The best s ≥ 0 and b ≤ 0 for the codes that the given ones lead to.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void LeastSquares(float* values, float* weights, ref float s, ref float b)
    {
        Vector256<float> inverse = Vector256.Create(1 / s), start = Vector256.Create(b), most = Vector256.Create((float)levels);
        Vector256<float> sumW = default, sumX = default, sumQ = default, sumQQ = default, sumQX = default;
        for (int i = 0; i < groupSize; i += 8)
        {
            Vector256<float> value = Vector256.Load(values + i), weight = Vector256.Load(weights + i);
            Vector256<float> q = Vector256.Min(Vector256.Max(Vector256.Round((value - start) * inverse), default), most), wq = weight * q, wx = weight * value;
            sumW += weight;
            sumX += wx;
            sumQ += wq;
            sumQQ += wq * q;
            sumQX += wx * q;
        }

        float n = Vector256.Sum(sumW), ofX = Vector256.Sum(sumX), ofQ = Vector256.Sum(sumQ), ofQQ = Vector256.Sum(sumQQ), ofQX = Vector256.Sum(sumQX);
        float determinant = (n * ofQQ) - (ofQ * ofQ);
        if (!(determinant > 0) || !(ofQQ > 0)) return;
        float newS = ((n * ofQX) - (ofX * ofQ)) / determinant, newB = ((ofQQ * ofX) - (ofQ * ofQX)) / determinant;
        if (newB > 0) (newS, newB) = (ofQX / ofQQ, 0);
        if (newS > 0 && float.IsFinite(newS) && float.IsFinite(newB)) (s, b) = (newS, newB);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly float Error(float* values, float* weights, float s, float b)
    {
        Vector256<float> step = Vector256.Create(s), inverse = Vector256.Create(s > 0 ? 1 / s : 0), start = Vector256.Create(b), most = Vector256.Create((float)levels), sum = default;
        for (int i = 0; i < groupSize; i += 8)
        {
            Vector256<float> value = Vector256.Load(values + i);
            Vector256<float> q = Vector256.Min(Vector256.Max(Vector256.Round((value - start) * inverse), default), most), error = (step * q) + start - value;
            sum += Vector256.Load(weights + i) * error * error;
        }

        return Vector256.Sum(sum);
    }

    // The best S and M of each group near those of its own fit; returns the error of all.
    private double ChooseCodes()
    {
        double total = 0;
        float d = (float)D, dmin = (float)DMin;
        for (int group = 0; group < Groups; group++)
        {
            int s0 = d > 0 ? (int)Math.Clamp(MathF.Round(scale[group] / d), 0, scaleLevels) : 0;
            int m0 = dmin > 0 ? (int)Math.Clamp(MathF.Round(-offset[group] / dmin), 0, scaleLevels) : 0;
            float best = float.PositiveInfinity;
            for (int s = Math.Max(0, s0 - 1); s <= Math.Min(scaleLevels, s0 + 1); s++)
            {
                for (int m = Math.Max(0, m0 - 1); m <= Math.Min(scaleLevels, m0 + 1); m++)
                {
                    float error = Error(x + (group * groupSize), w + (group * groupSize), d * s, -(dmin * m));
                    if (error < best) (best, scaleCode[group], minCode[group]) = (error, s, m);
                }
            }

            total += best;
        }

        return total;
    }

    // Least squares for d and dmin with all codes fixed.
    private void FitScales()
    {
        double a = 0, b = 0, c = 0, p = 0, r = 0;
        for (int i = 0; i < Count; i++)
        {
            int group = i / groupSize;
            double step = (double)scaleCode[group] * Code(i), min = minCode[group];
            a += w[i] * step * step;
            b += w[i] * step * min;
            c += w[i] * min * min;
            p += w[i] * step * x[i];
            r += w[i] * min * x[i];
        }

        double determinant = (b * b) - (a * c);
        if (c == 0 && a > 0) D = ToHalf((float)Math.Max(0, p / a));
        else if (determinant < 0)
        {
            double d = ((b * r) - (p * c)) / determinant, dmin = ((a * r) - (b * p)) / determinant;
            if (d > 0 && dmin >= 0) (D, DMin) = (ToHalf((float)d), ToHalf((float)dmin));
        }
    }
}
