using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Integers.Dots;

/// <summary>The dot of bytes without any instruction of its own: what it means, and how tests run the kernels of processors they have not got.</summary>
internal readonly struct PortableDot : IByteDot
{
    public static int SignedBias => 0;

    public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs) => AddSigned(sums, weights, inputs);

    public static Vector256<int> AddSigned(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs)
    {
        for (int i = 0; i < Vector256<byte>.Count; i++) sums = sums.WithElement(i / 4, sums[i / 4] + ((sbyte)weights[i] * inputs[i]));
        return sums;
    }

    public static Vector256<int> Add(Vector256<int> sums, Vector256<short> weights, Vector256<short> inputs)
    {
        for (int i = 0; i < Vector256<short>.Count; i++) sums = sums.WithElement(i / 2, sums[i / 2] + (weights[i] * inputs[i]));
        return sums;
    }
}
