using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu.Kernels;

/// <summary>FP4 codes as bfloat16: two tables of sixteen bytes.</summary>
internal static class NibbleTables
{
    /// <summary>The lower bytes by code, repeated in every 128-bit lane.</summary>
    public static Vector512<byte> Low { get; } = Table(0);

    /// <summary>The upper bytes by code.</summary>
    public static Vector512<byte> High { get; } = Table(8);

    /// <summary>sum + x · (values · scale) for 64 codes in the order of <see cref="BFloat16Halves"/>, upper bits zero: the first 32 under one scale, the others under another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(
        Vector512<float> sum, Vector512<byte> codes, Vector512<float> scale0, Vector512<float> scale1,
        Vector512<float> x0, Vector512<float> x1, Vector512<float> x2, Vector512<float> x3, Vector512<byte> lowTable, Vector512<byte> highTable)
    {
        (Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3) = BFloat16Halves.Join(Avx512BW.Shuffle(lowTable, codes), Avx512BW.Shuffle(highTable, codes));
        sum = Vector512.FusedMultiplyAdd(x0, v0 * scale0, sum);
        sum = Vector512.FusedMultiplyAdd(x1, v1 * scale0, sum);
        sum = Vector512.FusedMultiplyAdd(x2, v2 * scale1, sum);
        return Vector512.FusedMultiplyAdd(x3, v3 * scale1, sum);
    }

    /// <summary>A UE8M0 scale in all lanes; its least value is the only one that is no shifted code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Scale(byte code) => Vector512.Create(code == 0 ? 1 << 22 : code << 23).AsSingle();

    /// <summary>A table of 64 bytes from what belongs to each quarter (two halves of eight bytes).</summary>
    public static Vector512<byte> Bytes(Func<int, int, int, int> byteOf)
    {
        var bytes = new byte[64];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)byteOf(i / 16, i / 8 % 2, i % 8);
        return Vector512.Create(bytes);
    }

    private static Vector512<byte> Table(int shift)
    {
        var bytes = new byte[64];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)(BFloat16.Encode(E2M1.Decode(i % 16)) >> shift);
        return Vector512.Create(bytes);
    }
}
