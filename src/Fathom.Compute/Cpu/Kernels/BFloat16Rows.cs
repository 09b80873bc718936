using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Kernels;

/// <summary>One input row with four rows of bfloat16.</summary>
internal static unsafe class BFloat16Rows
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(WeightMatrix weight, int row, float* x, float* y)
    {
        int columns = weight.Columns;
        ushort* w0 = (ushort*)weight.Data + ((long)row * columns), w1 = w0 + columns, w2 = w1 + columns, w3 = w2 + columns;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (int i = 0; i < columns; i += Lanes.Count)
        {
            Vector512<float> v = Vector512.Load(x + i);
            s0 = Vector512.FusedMultiplyAdd(v, Floats(w0 + i), s0);
            s1 = Vector512.FusedMultiplyAdd(v, Floats(w1 + i), s1);
            s2 = Vector512.FusedMultiplyAdd(v, Floats(w2 + i), s2);
            s3 = Vector512.FusedMultiplyAdd(v, Floats(w3 + i), s3);
        }

        (y[0], y[1], y[2], y[3]) = (Vector512.Sum(s0), Vector512.Sum(s1), Vector512.Sum(s2), Vector512.Sum(s3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Floats(ushort* w) => (Lanes.Widen(Vector256.Load(w)) << 16).AsSingle();
}
