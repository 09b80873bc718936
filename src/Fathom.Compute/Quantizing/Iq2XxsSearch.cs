using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Quantizing;

/// <summary>Finds the entries of IQ2_XXS's grid that are nearest to sixteen vectors of eight magnitudes, one vector a lane; four neighbouring lanes are a group with one scale.</summary>
/// <remarks>
/// For a scale t an entry g costs Σ w·(t·g − |x|)² = t·(t·B(g) − 2·A(g)) and a constant, with A = Σ w·|x|·g and B = Σ w·g². Neither
/// depends on t, and both are sums over the two halves of g, of which there are only 81 each.
/// </remarks>
internal sealed unsafe class Iq2XxsSearch
{
    /// <summary>Vectors that are looked at together.</summary>
    public const int Lanes = 16;

    /// <summary>Scales that are tried together.</summary>
    public const int Scales = 4;

    private const int Entries = 256, Vectors = 32, Components = 8, Levels = 3, Halves = 81, Group = 4;

    // Which halves an entry has, [256][2], as places in the tables.
    private static readonly short[] HalvesOfEntries = Places();

    // 2·A and B of all halves, [2][81] vectors each.
    private readonly float[] products = GC.AllocateUninitializedArray<float>(2 * Halves * Lanes, pinned: true);
    private readonly float[] squares = GC.AllocateUninitializedArray<float>(2 * Halves * Lanes, pinned: true);

    /// <summary>Fills the tables.</summary>
    /// <param name="magnitudes">[8][32].</param>
    /// <param name="weights">[8][32].</param>
    /// <param name="batch">Which sixteen of the 32.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Prepare(float* magnitudes, float* weights, int batch)
    {
        // Of two neighbouring components, [4][9].
        Vector512<float>* a = stackalloc Vector512<float>[Components / 2 * Levels * Levels], b = stackalloc Vector512<float>[Components / 2 * Levels * Levels];
        for (int pair = 0; pair < Components / 2; pair++)
        {
            int place = (2 * pair * Vectors) + (batch * Lanes);
            Vector512<float> firstW = Vector512.Load(weights + place), secondW = Vector512.Load(weights + place + Vectors);
            Vector512<float> first = firstW * Vector512.Load(magnitudes + place), second = secondW * Vector512.Load(magnitudes + place + Vectors);
            for (int i = 0; i < Levels * Levels; i++)
            {
                float g = GgufBlocks.Magnitude(i % Levels), h = GgufBlocks.Magnitude(i / Levels);
                a[(pair * Levels * Levels) + i] = (first * Vector512.Create(2 * g)) + (second * Vector512.Create(2 * h));
                b[(pair * Levels * Levels) + i] = (firstW * Vector512.Create(g * g)) + (secondW * Vector512.Create(h * h));
            }
        }

        fixed (float* ofA = products, ofB = squares)
        {
            for (int half = 0; half < 2; half++)
            {
                for (int i = 0; i < Halves; i++)
                {
                    int low = (2 * half * Levels * Levels) + (i % (Levels * Levels)), high = (((2 * half) + 1) * Levels * Levels) + (i / (Levels * Levels));
                    (a[low] + a[high]).Store(ofA + (((half * Halves) + i) * Lanes));
                    (b[low] + b[high]).Store(ofB + (((half * Halves) + i) * Lanes));
                }
            }
        }
    }

    /// <summary>What the nearest entries of each group cost under four scales.</summary>
    /// <param name="scales">[4 scales][4 groups].</param>
    /// <param name="costs">Receives Σ w·(t·g − |x|)² less Σ w·x², [4 scales][4 groups].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Costs(float* scales, float* costs)
    {
        Vector512<float> t0 = Spread(scales), t1 = Spread(scales + Group), t2 = Spread(scales + (2 * Group)), t3 = Spread(scales + (3 * Group));
        Vector512<float> best0 = Vector512.Create(float.PositiveInfinity), best1 = best0, best2 = best0, best3 = best0;
        fixed (short* places = HalvesOfEntries)
        fixed (float* ofA = products, ofB = squares)
        {
            for (int entry = 0; entry < Entries; entry++)
            {
                int first = places[2 * entry], second = places[(2 * entry) + 1];
                Vector512<float> a = -(Vector512.Load(ofA + first) + Vector512.Load(ofA + second)), b = Vector512.Load(ofB + first) + Vector512.Load(ofB + second);
                best0 = Vector512.MinNative(best0, Vector512.FusedMultiplyAdd(t0, b, a));
                best1 = Vector512.MinNative(best1, Vector512.FusedMultiplyAdd(t1, b, a));
                best2 = Vector512.MinNative(best2, Vector512.FusedMultiplyAdd(t2, b, a));
                best3 = Vector512.MinNative(best3, Vector512.FusedMultiplyAdd(t3, b, a));
            }
        }

        Gather(t0 * best0, costs);
        Gather(t1 * best1, costs + Group);
        Gather(t2 * best2, costs + (2 * Group));
        Gather(t3 * best3, costs + (3 * Group));
    }

    /// <summary>The nearest entries under a scale.</summary>
    /// <param name="scales">Of each group, [4].</param>
    /// <param name="entries">Receives them, [16].</param>
    /// <param name="a">Receives ΣA of each group, [4].</param>
    /// <param name="b">Receives ΣB of each group, [4].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Nearest(float* scales, byte* entries, float* a, float* b)
    {
        Vector512<float> t = Spread(scales), best = Vector512.Create(float.PositiveInfinity), bestA = default, bestB = default;
        Vector512<int> which = default, index = default;
        fixed (short* places = HalvesOfEntries)
        fixed (float* ofA = products, ofB = squares)
        {
            for (int entry = 0; entry < Entries; entry++)
            {
                int first = places[2 * entry], second = places[(2 * entry) + 1];
                Vector512<float> twiceA = Vector512.Load(ofA + first) + Vector512.Load(ofA + second), square = Vector512.Load(ofB + first) + Vector512.Load(ofB + second);
                Vector512<float> cost = Vector512.FusedMultiplyAdd(t, square, -twiceA), isLess = Vector512.LessThan(cost, best);
                best = Vector512.MinNative(best, cost);
                which = Vector512.ConditionalSelect(isLess.AsInt32(), index, which);
                bestA = Vector512.ConditionalSelect(isLess, twiceA, bestA);
                bestB = Vector512.ConditionalSelect(isLess, square, bestB);
                index += Vector512<int>.One;
            }
        }

        for (int lane = 0; lane < Lanes; lane++) entries[lane] = (byte)which[lane];
        Gather(bestA * Vector512.Create(0.5f), a);
        Gather(bestB, b);
    }

    // One scale for each group, in the lanes of its vectors.
    private static Vector512<float> Spread(float* scales) => Vector512.Create(
        Vector256.Create(Vector128.Create(scales[0]), Vector128.Create(scales[1])),
        Vector256.Create(Vector128.Create(scales[2]), Vector128.Create(scales[3])));

    private static void Gather(Vector512<float> values, float* sums)
    {
        sums[0] = Vector128.Sum(values.GetLower().GetLower());
        sums[1] = Vector128.Sum(values.GetLower().GetUpper());
        sums[2] = Vector128.Sum(values.GetUpper().GetLower());
        sums[3] = Vector128.Sum(values.GetUpper().GetUpper());
    }

    private static short[] Places()
    {
        var places = new short[2 * Entries];
        for (int i = 0; i < places.Length; i++)
        {
            int place = 0;
            for (int j = 3; j >= 0; j--) place = (Levels * place) + GgufBlocks.Level(i / 2, (4 * (i & 1)) + j);
            places[i] = (short)((((i & 1) * Halves) + place) * Lanes);
        }

        return places;
    }
}
