using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>The end of a group in a tile: sums of sixteen weight rows become floats and go to what is in memory.</summary>
internal static unsafe class TileSums
{
    /// <summary>y += sums · scales, and the minima if there are any: one fused chain for each row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(float* y, Vector256<int> d0, Vector256<int> d1, IntegerRow* x, int group, float* scales, bool hasMinima)
    {
        float scale = x->S[group];
        Vector256<float> y0 = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(d0), Vector256.Load(scales) * scale, Vector256.Load(y));
        Vector256<float> y1 = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(d1), Vector256.Load(scales + 8) * scale, Vector256.Load(y + 8));
        if (hasMinima)
        {
            Vector256<float> first = Vector256.Create(x->FirstSum(group) * scale), last = Vector256.Create(x->LastSum(group) * scale);
            float* minima = scales + IntegerPanel.Rows;
            y0 = Vector256.FusedMultiplyAdd(Vector256.Load(minima + IntegerPanel.Rows), last, Vector256.FusedMultiplyAdd(Vector256.Load(minima), first, y0));
            y1 = Vector256.FusedMultiplyAdd(Vector256.Load(minima + IntegerPanel.Rows + 8), last, Vector256.FusedMultiplyAdd(Vector256.Load(minima + 8), first, y1));
        }

        y0.Store(y);
        y1.Store(y + 8);
    }
}
