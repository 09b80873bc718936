using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu;

/// <summary>
/// Sixteen 32-bit lanes at a time. On processors without 512-bit registers the runtime runs each operation on
/// halves or quarters, lane by lane the same, so results do not depend on the register width.
/// </summary>
internal static unsafe class Lanes
{
    /// <summary>Floats in a vector.</summary>
    public const int Count = 16;

    /// <summary>Σ a·b: one fused chain per lane, lanes added at the end, the tail after them. Every product in the engine keeps this order.</summary>
    public static float Dot(float* a, float* b, int length)
    {
        Vector512<float> sum = Vector512<float>.Zero;
        int i = 0;
        for (; i <= length - Count; i += Count)
            sum = Vector512.FusedMultiplyAdd(Vector512.Load(a + i), Vector512.Load(b + i), sum);
        float total = Vector512.Sum(sum);
        for (; i < length; i++) total = MathF.FusedMultiplyAdd(a[i], b[i], total);
        return total;
    }

    /// <summary>target += factor · source.</summary>
    public static void AddScaled(float* target, float* source, float factor, int length)
    {
        Vector512<float> f = Vector512.Create(factor);
        int i = 0;
        for (; i <= length - Count; i += Count)
            Vector512.FusedMultiplyAdd(Vector512.Load(source + i), f, Vector512.Load(target + i)).Store(target + i);
        for (; i < length; i++) target[i] = MathF.FusedMultiplyAdd(source[i], factor, target[i]);
    }

    /// <summary>target = factor · source.</summary>
    public static void Scale(float* target, float* source, float factor, int length)
    {
        Vector512<float> f = Vector512.Create(factor);
        int i = 0;
        for (; i <= length - Count; i += Count) (Vector512.Load(source + i) * f).Store(target + i);
        for (; i < length; i++) target[i] = source[i] * factor;
    }

    /// <summary>1 / sqrt(mean(x²) + ε).</summary>
    public static float InverseRootMeanSquare(float* values, int length, float epsilon) =>
        1f / MathF.Sqrt((Dot(values, values, length) / length) + epsilon);

    /// <summary>Sixteen unsigned bytes as 32-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen(Vector128<byte> bytes)
    {
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector512Int32(bytes);
        (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(bytes);
        return Widen(Vector256.Create(low, high));
    }

    /// <summary>Sixteen signed bytes as 32-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen(Vector128<sbyte> bytes)
    {
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector512Int32(bytes);
        (Vector128<short> low, Vector128<short> high) = Vector128.Widen(bytes);
        return Widen(Vector256.Create(low, high));
    }

    /// <summary>Sixteen unsigned 16-bit numbers as 32-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen(Vector256<ushort> values)
    {
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector512Int32(values);
        (Vector256<uint> first, Vector256<uint> second) = Vector256.Widen(values);
        return Vector512.Create(first, second).AsInt32();
    }

    /// <summary>Sixteen signed 16-bit numbers as 32-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen(Vector256<short> values)
    {
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector512Int32(values);
        (Vector256<int> first, Vector256<int> second) = Vector256.Widen(values);
        return Vector512.Create(first, second);
    }
}
