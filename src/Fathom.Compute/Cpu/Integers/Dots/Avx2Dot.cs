using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers.Dots;

/// <summary>
/// AVX2: products of bytes are added in pairs to 16 bits, which saturate. They never do here: 2 · 127 · 127 and, for signed
/// weights, whose sign goes to the inputs, 2 · 128 · 127 are less than 2^15.
/// </summary>
internal readonly struct Avx2Dot : IByteDot
{
    public static int SignedBias => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) =>
        sums + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(weights, inputs), Vector256.Create((short)1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddSigned(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) =>
        Add(sums, Avx2.Abs(weights.AsSByte()), Avx2.Sign(inputs, weights.AsSByte()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<short> weights, Vector256<short> inputs) => sums + Avx2.MultiplyAddAdjacent(weights, inputs);
}
