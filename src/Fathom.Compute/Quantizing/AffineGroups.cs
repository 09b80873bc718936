using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Quantizing;

/// <summary>
/// Sixteen groups of values that are y = d·S·q − dmin·M each, as Q4_K and Q2_K keep them: small integers q, S and M, and
/// two scales for all groups of a block. First each group is fitted alone, then S and M are chosen among their
/// neighbours and d and dmin fitted to all groups of the block at once, twice.
/// </summary>
/// <remarks>A group is a lane: the sixteen are two blocks of Q4_K or one of Q2_K, and no sum ever crosses lanes.</remarks>
internal unsafe ref struct AffineGroups
{
    /// <summary>Groups that are fitted together.</summary>
    public const int Lanes = 16;

    private const int MostValues = 512;
    private const int Rounds = 2;

    private readonly int groupSize;
    private readonly int groupsOfBlock;
    private readonly Vector512<float> levels;
    private readonly Vector512<float> scaleLevels;
    private Vector512<float> sumW;
    private Vector512<float> sumX;

    // The groups' own fits, and the codes of scale and minimum, as whole numbers.
    private Vector512<float> scale;
    private Vector512<float> offset;
    private Vector512<float> scaleCode;
    private Vector512<float> minCode;
    private Vector512<float> d;
    private Vector512<float> dMin;

    // [groupSize][Lanes].
    private fixed float x[MostValues];
    private fixed float w[MostValues];
    private fixed float codes[MostValues];

    /// <summary>Takes the values.</summary>
    /// <param name="values">Values, [16][groupSize].</param>
    /// <param name="weights">What their errors cost, [16][groupSize].</param>
    /// <param name="groupSize">16 or 32.</param>
    /// <param name="levels">The largest q.</param>
    /// <param name="scaleLevels">The largest S and M.</param>
    public AffineGroups(float* values, float* weights, int groupSize, int levels, int scaleLevels)
    {
        this.groupSize = groupSize;
        this.levels = Vector512.Create((float)levels);
        this.scaleLevels = Vector512.Create((float)scaleLevels);
        groupsOfBlock = 256 / groupSize;
        for (int lane = 0; lane < Lanes; lane++)
        {
            for (int i = 0; i < groupSize; i++) (x[(i * Lanes) + lane], w[(i * Lanes) + lane]) = (values[(lane * groupSize) + i], weights[(lane * groupSize) + i]);
        }
    }

    /// <summary>d of a group's block, after <see cref="Fit"/>.</summary>
    public readonly Half D(int group) => (Half)d[group];

    /// <summary>dmin of a group's block, after <see cref="Fit"/>.</summary>
    public readonly Half DMin(int group) => (Half)dMin[group];

    /// <summary>S of a group.</summary>
    public readonly int ScaleCode(int group) => (int)scaleCode[group];

    /// <summary>M of a group.</summary>
    public readonly int MinCode(int group) => (int)minCode[group];

    /// <summary>q of a value.</summary>
    public readonly int Code(int group, int i) => (int)codes[(i * Lanes) + group];

    /// <summary>Finds everything.</summary>
    public void Fit()
    {
        FitGroups();
        (d, dMin) = (Halves(Most(scale) / scaleLevels), Halves(Most(-offset) / scaleLevels));
        Vector512<float> best = Total(ChooseCodes());
        for (int round = 0; round < Rounds; round++)
        {
            (Vector512<float> oldD, Vector512<float> oldMin, Vector512<float> oldScaleCode, Vector512<float> oldMinCode) = (d, dMin, scaleCode, minCode);
            FitScales();
            Vector512<float> error = Total(ChooseCodes()), isLess = Vector512.LessThan(error, best);
            best = Vector512.ConditionalSelect(isLess, error, best);
            d = Vector512.ConditionalSelect(isLess, d, oldD);
            dMin = Vector512.ConditionalSelect(isLess, dMin, oldMin);
            scaleCode = Vector512.ConditionalSelect(isLess, scaleCode, oldScaleCode);
            minCode = Vector512.ConditionalSelect(isLess, minCode, oldMinCode);
        }

        fixed (float* values = x, target = codes)
        {
            Vector512<float> s = d * scaleCode, inverse = Inverse(s), b = -(dMin * minCode);
            for (int i = 0; i < groupSize; i++) Round(Vector512.Load(values + (i * Lanes)), inverse, b).Store(target + (i * Lanes));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Inverse(Vector512<float> s) => Vector512.ConditionalSelect(Vector512.GreaterThan(s, default), Vector512<float>.One / s, default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly Vector512<float> Round(Vector512<float> value, Vector512<float> inverse, Vector512<float> b) =>
        Vector512.Min(Vector512.Max(Vector512.Round((value - b) * inverse), default), levels);

    // Tries ranges a little narrower and wider than each group's, and fits scale and offset to the codes of each by least squares.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FitGroups()
    {
        const int steps = 9;
        const float stepSize = 0.1f;
        Vector512<float> low = default, high = Vector512.Create(float.NegativeInfinity);
        (sumW, sumX) = (default, default);
        fixed (float* values = x, weights = w)
        {
            for (int i = 0; i < groupSize; i++)
            {
                Vector512<float> value = Vector512.Load(values + (i * Lanes)), weight = Vector512.Load(weights + (i * Lanes));
                (low, high) = (Vector512.Min(low, value), Vector512.Max(high, value));
                sumW += weight;
                sumX = Vector512.FusedMultiplyAdd(weight, value, sumX);
            }
        }

        Vector512<float> best = Vector512.Create(float.MaxValue);
        (scale, offset) = (default, low);
        for (int i = 0; i <= 2 * steps; i++)
        {
            // From the middle outwards; others must be better by more than sums of 32 bits are wrong, so that equal groups get equal scales.
            int step = (i & 1) == 0 ? -i / 2 : (i + 1) / 2;
            Vector512<float> s = (high - low) / (levels + Vector512.Create(step * stepSize)), b = low, error = LeastSquares(ref s, ref b), isLess = Vector512.LessThan(error, best - (Vector512.Abs(best) * Vector512.Create(1e-6f)));
            best = Vector512.ConditionalSelect(isLess, error, best);
            scale = Vector512.ConditionalSelect(isLess, s, scale);
            offset = Vector512.ConditionalSelect(isLess, b, offset);
        }

        LeastSquares(ref scale, ref offset);
        LeastSquares(ref scale, ref offset);
    }

    // Σ w·q, Σ w·q² and Σ w·q·x of each group for the codes q that a scale and an offset lead to.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly (Vector512<float> Q, Vector512<float> QQ, Vector512<float> QX) Sums(Vector512<float> s, Vector512<float> b)
    {
        Vector512<float> inverse = Inverse(s), sumQ = default, sumQQ = default, sumQX = default;
        fixed (float* values = x, weights = w)
        {
            for (int i = 0; i < groupSize; i++)
            {
                Vector512<float> value = Vector512.Load(values + (i * Lanes)), q = Round(value, inverse, b), wq = q * Vector512.Load(weights + (i * Lanes));
                sumQ += wq;
                sumQQ = Vector512.FusedMultiplyAdd(wq, q, sumQQ);
                sumQX = Vector512.FusedMultiplyAdd(wq, value, sumQX);
            }
        }

        return (sumQ, sumQQ, sumQX);
    }

    // The best s ≥ 0 and b ≤ 0 for the codes that the given ones lead to, and their error less Σ w·x².
    private readonly Vector512<float> LeastSquares(ref Vector512<float> s, ref Vector512<float> b)
    {
        (Vector512<float> q, Vector512<float> qq, Vector512<float> qx) = Sums(s, b);
        Vector512<float> product = sumW * qq, determinant = product - (q * q);
        Vector512<float> newS = ((sumW * qx) - (sumX * q)) / determinant, newB = ((qq * sumX) - (q * qx)) / determinant;

        // Without an offset where it would be positive, or where all codes are the same and the two cannot be told apart.
        Vector512<float> isPair = Vector512.GreaterThan(determinant, product * Vector512.Create(1e-5f)) & Vector512.LessThanOrEqual(newB, default);
        newS = Vector512.ConditionalSelect(isPair, newS, qx / qq);
        newB = Vector512.ConditionalSelect(isPair, newB, default);
        Vector512<float> isValid = Vector512.GreaterThan(newS, default) & Vector512.LessThan(newS, Vector512.Create(float.PositiveInfinity));
        s = Vector512.ConditionalSelect(isValid, newS, s);
        b = Vector512.ConditionalSelect(isValid, newB, b);
        return (s * ((s * qq) + (Vector512.Create(2f) * ((b * q) - qx)))) + (b * ((b * sumW) - (Vector512.Create(2f) * sumX)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly Vector512<float> Error(Vector512<float> s, Vector512<float> b)
    {
        Vector512<float> inverse = Inverse(s), sum = default;
        fixed (float* values = x, weights = w)
        {
            for (int i = 0; i < groupSize; i++)
            {
                Vector512<float> value = Vector512.Load(values + (i * Lanes)), error = Vector512.FusedMultiplyAdd(Round(value, inverse, b), s, b - value);
                sum = Vector512.FusedMultiplyAdd(Vector512.Load(weights + (i * Lanes)) * error, error, sum);
            }
        }

        return sum;
    }

    // The best S and M of each group near those of its own fit; returns their errors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Vector512<float> ChooseCodes()
    {
        Vector512<float> one = Vector512<float>.One, best = Vector512.Create(float.PositiveInfinity);
        Vector512<float> nearS = Nearest(scale * Inverse(d)), nearM = Nearest(-offset * Inverse(dMin));
        for (int i = -1; i <= 1; i++)
        {
            for (int j = -1; j <= 1; j++)
            {
                Vector512<float> s = Nearest(nearS + Vector512.Create((float)i)), m = Nearest(nearM + Vector512.Create((float)j)), error = Error(d * s, -(dMin * m)), isLess = Vector512.LessThan(error, best);
                best = Vector512.ConditionalSelect(isLess, error, best);
                scaleCode = Vector512.ConditionalSelect(isLess, s, scaleCode);
                minCode = Vector512.ConditionalSelect(isLess, m, minCode);
            }
        }

        return best;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly Vector512<float> Nearest(Vector512<float> code) => Vector512.Min(Vector512.Max(Vector512.Round(code), default), scaleLevels);

    // Least squares for d and dmin with all codes fixed.
    private void FitScales()
    {
        (Vector512<float> q, Vector512<float> qq, Vector512<float> qx) = Sums(d * scaleCode, -(dMin * minCode));
        Vector512<float> a = Total(scaleCode * scaleCode * qq), b = Total(scaleCode * minCode * q), c = Total(minCode * minCode * sumW), p = Total(scaleCode * qx), r = Total(minCode * sumX);
        Vector512<float> determinant = (a * c) - (b * b), newD = ((p * c) - (b * r)) / determinant, newMin = ((b * p) - (a * r)) / determinant;
        Vector512<float> hasMinima = Vector512.GreaterThan(c, default), isPair = Vector512.GreaterThan(determinant, a * c * Vector512.Create(1e-5f)) & Vector512.GreaterThanOrEqual(newMin, default);
        newD = Vector512.ConditionalSelect(hasMinima, newD, p / a);
        newMin = Vector512.ConditionalSelect(hasMinima, newMin, default);
        Vector512<float> isValid = (isPair | ~hasMinima) & Vector512.GreaterThan(newD, default) & Vector512.LessThan(newD, Vector512.Create(float.PositiveInfinity));
        d = Vector512.ConditionalSelect(isValid, Halves(newD), d);
        dMin = Vector512.ConditionalSelect(isValid, Halves(newMin), dMin);
    }

    // As they will be stored. Below the smallest half above zero a scale would vanish; above the largest it would be infinite.
    private static Vector512<float> Halves(Vector512<float> values)
    {
        float* each = stackalloc float[Lanes];
        values.Store(each);
        for (int i = 0; i < Lanes; i++) each[i] = (float)(Half)Math.Min(each[i], (float)Half.MaxValue);
        return Vector512.Load(each);
    }

    // The sum, or the largest, of all groups of a block, in each of its lanes.
    private readonly Vector512<float> Total(Vector512<float> values) => groupsOfBlock == Lanes
        ? Vector512.Create(Vector512.Sum(values))
        : Vector512.Create(Vector256.Create(Vector256.Sum(values.GetLower())), Vector256.Create(Vector256.Sum(values.GetUpper())));

    private readonly Vector512<float> Most(Vector512<float> values)
    {
        float* each = stackalloc float[Lanes];
        values.Store(each);
        for (int first = 0; first < Lanes; first += groupsOfBlock)
        {
            var block = new Span<float>(each + first, groupsOfBlock);
            float most = 0;
            foreach (float value in block) most = Math.Max(most, value);
            block.Fill(most);
        }

        return Vector512.Load(each);
    }
}
