using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers.Dots;

/// <summary>
/// Sums in 16 bits, one instruction less for each product: for weights without a bias up to 15 (16 · 15 · 127), and for FP4 with its
/// bias of 16, whose sums may wrap around because what the bias adds is taken away before they are folded.
/// </summary>
internal readonly unsafe struct Avx2PairSums : ITileSum
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) =>
        (sums.AsInt16() + Avx2.MultiplyAddAdjacent(weights, inputs)).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Finish(Vector256<int> sums, IntegerRow* x, int group, int bias) =>
        Avx2.MultiplyAddAdjacent(sums.AsInt16() + (bias == 0 ? default : Vector256.Create(x->O[group]).AsInt16()), Vector256.Create((short)1));
}
