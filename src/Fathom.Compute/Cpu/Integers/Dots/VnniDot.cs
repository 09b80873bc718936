using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers.Dots;

/// <summary>AVX-VNNI: one instruction for all, unsigned times signed.</summary>
internal readonly struct VnniDot : IByteDot
{
    public static int SignedBias => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) => AvxVnni.MultiplyWideningAndAdd(sums, weights, inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddSigned(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) => AvxVnni.MultiplyWideningAndAdd(sums, weights, inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<short> weights, Vector256<short> inputs) => AvxVnni.MultiplyWideningAndAdd(sums, weights, inputs);
}
