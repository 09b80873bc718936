using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Fathom.Compute.Cpu.Integers.Dots;
using Fathom.Compute.Cpu.Integers.Groups;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>One input row with eight weight rows, a group of 32 columns a step: one traversal for every format and every dot instruction.</summary>
internal static unsafe class GroupRows
{
    /// <summary>Weight rows that go together.</summary>
    public const int Rows = 8;

    /// <summary>The most bytes of scales of eight rows for a group.</summary>
    public const int ScaleBytes = 24;

    /// <summary>y[i] = x · row (first + i) for eight rows.</summary>
    /// <param name="weight">A matrix that takes integers.</param>
    /// <param name="row">First row.</param>
    /// <param name="x">The input.</param>
    /// <param name="scales">What <see cref="IGroupFormat.Gather"/> made of these rows.</param>
    /// <param name="next">The bytes that will be read after these, fetched meanwhile; or the same ones.</param>
    /// <param name="y">Receives eight products.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply<TDot, TFormat>(WeightMatrix weight, int row, IntegerRow x, byte* scales, byte* next, float* y)
        where TDot : struct, IByteDot
        where TFormat : struct, IGroupFormat
    {
        long stride = weight.RowBytes;
        byte* w0 = weight.Data + (row * stride), w4 = w0 + (4 * stride);
        Vector256<float> sum = default;
        int groups = weight.Columns / IntegerRounding.Group;
        for (int group = 0; group < groups; w0 += TFormat.BlockBytes, w4 += TFormat.BlockBytes, next += Rows * TFormat.BlockBytes)
        {
            Prefetch.Lines(next, Rows * TFormat.BlockBytes);
            for (int part = 0; part < TFormat.Parts; part++, group++)
            {
                Vector256<int> a = FourRows<TDot, TFormat>(w0, stride, part, x, group), b = FourRows<TDot, TFormat>(w4, stride, part, x, group);
                Vector256<int> first = Vector256.Create(a.GetLower(), b.GetLower()), last = Vector256.Create(a.GetUpper(), b.GetUpper());
                if (TFormat.Bias + (TFormat.IsSigned ? TDot.SignedBias : 0) != 0)
                {
                    first -= Vector256.Create(x.FirstSum(group) * (TFormat.Bias + (TFormat.IsSigned ? TDot.SignedBias : 0)));
                    last -= Vector256.Create(x.LastSum(group) * (TFormat.Bias + (TFormat.IsSigned ? TDot.SignedBias : 0)));
                }

                float scale = x.S[group];
                sum = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(TFormat.Combine(first, last, scales, group)), TFormat.Scale(scales, group) * scale, sum);
                if (!TFormat.HasMinima) continue;
                sum = Vector256.FusedMultiplyAdd(TFormat.Minimum(scales, group, 0), Vector256.Create(x.FirstSum(group) * scale), sum);
                sum = Vector256.FusedMultiplyAdd(TFormat.Minimum(scales, group, 1), Vector256.Create(x.LastSum(group) * scale), sum);
            }
        }

        sum.Store(y);
    }

    // In each half the sums of sixteen products of rows 0, 1, 2 and 3; numbers of 16 bits come in two sums that belong together.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> FourRows<TDot, TFormat>(byte* w, long stride, int part, IntegerRow x, int group)
        where TDot : struct, IByteDot
        where TFormat : struct, IGroupFormat => Bytes.AddPairs(
            Bytes.AddPairs(Dot<TDot, TFormat>(w, part, x, group), Dot<TDot, TFormat>(w + stride, part, x, group)),
            Bytes.AddPairs(Dot<TDot, TFormat>(w + (2 * stride), part, x, group), Dot<TDot, TFormat>(w + (3 * stride), part, x, group)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Dot<TDot, TFormat>(byte* block, int part, IntegerRow x, int group)
        where TDot : struct, IByteDot
        where TFormat : struct, IGroupFormat
    {
        if (TFormat.IsWide)
        {
            (Vector256<short> first, Vector256<short> last) = TFormat.LoadWide(block, part);
            short* wide = x.W + (32 * group);
            return TDot.Add(TDot.Add(default, first, Vector256.Load(wide)), last, Vector256.Load(wide + 16));
        }

        Vector256<byte> w = TFormat.Load(block, part);
        Vector256<sbyte> v = Vector256.Load(x.X + (32 * group));
        if (!TFormat.IsSigned) return TDot.Add(default, w, v);
        return TDot.AddSigned(default, TDot.SignedBias == 0 ? w : w ^ Vector256.Create((byte)TDot.SignedBias), v);
    }
}
