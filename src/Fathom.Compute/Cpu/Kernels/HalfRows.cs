using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu.Kernels;

/// <summary>One input row with four rows of 16-bit floats.</summary>
internal static unsafe class HalfRows
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TNumbers>(WeightMatrix weight, int row, float* x, float* y)
        where TNumbers : struct, IHalfNumbers
    {
        int columns = weight.Columns;
        ushort* w0 = (ushort*)weight.Data + ((long)row * columns), w1 = w0 + columns, w2 = w1 + columns, w3 = w2 + columns;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (int i = 0; i < columns; i += Lanes.Count)
        {
            Vector512<float> v = Vector512.Load(x + i);
            s0 = Vector512.FusedMultiplyAdd(v, TNumbers.Load(w0 + i), s0);
            s1 = Vector512.FusedMultiplyAdd(v, TNumbers.Load(w1 + i), s1);
            s2 = Vector512.FusedMultiplyAdd(v, TNumbers.Load(w2 + i), s2);
            s3 = Vector512.FusedMultiplyAdd(v, TNumbers.Load(w3 + i), s3);
        }

        (y[0], y[1], y[2], y[3]) = (Vector512.Sum(s0), Vector512.Sum(s1), Vector512.Sum(s2), Vector512.Sum(s3));
    }
}

/// <summary>How sixteen 16-bit floats become 32-bit ones, exactly.</summary>
internal unsafe interface IHalfNumbers
{
    static abstract Vector512<float> Load(ushort* source);

    /// <summary>One of them.</summary>
    static abstract float Decode(ushort half);
}

/// <summary>bfloat16: the upper half of a float.</summary>
internal readonly unsafe struct BFloat16Numbers : IHalfNumbers
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(ushort* source) => (Lanes.Widen(Vector256.Load(source)) << 16).AsSingle();

    public static float Decode(ushort half) => BFloat16.Decode(half);
}

/// <summary>IEEE binary16.</summary>
internal readonly unsafe struct Binary16Numbers : IHalfNumbers
{
    /// <summary>2^112: exponent and mantissa of a binary16 at their places in a float are so much too small, subnormal ones included.</summary>
    public const float Rebias = 5.192296858534828e33f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(ushort* source)
    {
        Vector512<int> bits = Lanes.Widen(Vector256.Load(source)), magnitude = bits & Vector512.Create(0x7FFF);
        Vector512<int> value = ((magnitude << 13).AsSingle() * Rebias).AsInt32();

        // Infinity and what is no number keep the highest exponent.
        value |= Vector512.GreaterThan(magnitude, Vector512.Create(0x7BFF)) & Vector512.Create(0x7F800000);
        return (value | ((bits & Vector512.Create(0x8000)) << 16)).AsSingle();
    }

    public static float Decode(ushort half) => (float)BitConverter.UInt16BitsToHalf(half);
}
