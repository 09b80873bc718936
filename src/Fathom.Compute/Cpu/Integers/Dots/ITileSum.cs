using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Integers.Dots;

/// <summary>How a tile adds up a group: each lane is one weight row.</summary>
internal interface ITileSum
{
    /// <summary>Sums that undo a bias of the weights.</summary>
    static abstract Vector256<int> Start(IntegerRow x, int group, int bias);

    /// <summary>Four columns more.</summary>
    static abstract Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs);

    /// <summary>The sums of the group.</summary>
    static abstract Vector256<int> Finish(Vector256<int> sums);
}

/// <summary>Sums in 32 bits of weights of at most 127.</summary>
internal readonly struct Sums<TDot> : ITileSum
    where TDot : struct, IByteDot
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Start(IntegerRow x, int group, int bias) => Vector256.Create(-bias * (x.FirstSum(group) + x.LastSum(group)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) => TDot.Add(sums, weights, inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Finish(Vector256<int> sums) => sums;
}

/// <summary>Sums in 32 bits of signed weights.</summary>
internal readonly struct SignedSums<TDot> : ITileSum
    where TDot : struct, IByteDot
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Start(IntegerRow x, int group, int bias) => Sums<TDot>.Start(x, group, bias);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) => TDot.AddSigned(sums, weights, inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Finish(Vector256<int> sums) => sums;
}
