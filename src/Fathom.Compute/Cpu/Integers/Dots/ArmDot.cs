using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Fathom.Compute.Cpu.Integers.Dots;

/// <summary>Arm64 with the dot-product instructions: signed times signed, 128 bits at a time. Never run by us; <see cref="PortableDot"/> is what the tests hold in its place.</summary>
internal readonly struct ArmDot : IByteDot
{
    public static int SignedBias => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) => AddSigned(sums, weights, inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddSigned(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) => Vector256.Create(
        Dp.DotProduct(sums.GetLower(), weights.GetLower().AsSByte(), inputs.GetLower()),
        Dp.DotProduct(sums.GetUpper(), weights.GetUpper().AsSByte(), inputs.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<short> weights, Vector256<short> inputs) => Vector256.Create(
        Add(sums.GetLower(), weights.GetLower(), inputs.GetLower()),
        Add(sums.GetUpper(), weights.GetUpper(), inputs.GetUpper()));

    private static Vector128<int> Add(Vector128<int> sums, Vector128<short> weights, Vector128<short> inputs) => sums + AdvSimd.Arm64.AddPairwise(
        AdvSimd.MultiplyWideningLower(weights.GetLower(), inputs.GetLower()),
        AdvSimd.MultiplyWideningUpper(weights, inputs));
}
