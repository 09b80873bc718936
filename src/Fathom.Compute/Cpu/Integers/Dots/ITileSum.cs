using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Integers.Dots;

/// <summary>How a tile adds up a group: each lane is one weight row.</summary>
internal unsafe interface ITileSum
{
    /// <summary>Four columns more; the first ones come to zero.</summary>
    static abstract Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs);

    /// <summary>The sums of the group, without what a bias of the weights has added.</summary>
    static abstract Vector256<int> Finish(Vector256<int> sums, IntegerRow* x, int group, int bias);
}

/// <summary>Sums in 32 bits of weights of at most 127.</summary>
internal readonly unsafe struct Sums<TDot> : ITileSum
    where TDot : struct, IByteDot
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) => TDot.Add(sums, weights, inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Finish(Vector256<int> sums, IntegerRow* x, int group, int bias) => sums - Vector256.Create(bias * (x->FirstSum(group) + x->LastSum(group)));
}

/// <summary>Sums in 32 bits of signed weights.</summary>
internal readonly unsafe struct SignedSums<TDot> : ITileSum
    where TDot : struct, IByteDot
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) => TDot.AddSigned(sums, weights, inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Finish(Vector256<int> sums, IntegerRow* x, int group, int bias) => Sums<TDot>.Finish(sums, x, group, bias);
}
