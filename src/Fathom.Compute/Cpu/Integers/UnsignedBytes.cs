using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>How 64 neighbouring weights of a row come out of their blocks: as unsigned bytes in the order of the columns, integers plus an offset.</summary>
internal unsafe interface IUnsignedBytes
{
    static abstract Vector512<byte> Load(byte* row, int pair);
}

/// <summary>FP4 codes as twice their value plus 16.</summary>
internal static class Fp4Values
{
    /// <summary>By code, four times: a lookup of six bits then needs no mask for the upper ones.</summary>
    public static Vector512<byte> Table
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.Create(
            (byte)16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4,
            16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4,
            16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4,
            16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4);
    }
}

/// <summary>Blocks of GGUF: 17 bytes, a scale first; low nibbles are the first sixteen columns.</summary>
internal readonly unsafe struct Mxfp4Bytes : IUnsignedBytes
{
    private const int Pair = 34;

    // Every second quarter is moved down by a nibble.
    private static Vector512<ushort> HighNibblesLater
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.Create((ushort)0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Load(byte* row, int pair)
    {
        byte* w = row + ((long)pair * Pair);
        Vector512<byte> each = Halves.Join(Avx2.BroadcastVector128ToVector256(w + 1), Avx2.BroadcastVector128ToVector256(w + 18));
        return Avx512Vbmi.PermuteVar64x8(Fp4Values.Table, Avx512BW.ShiftRightLogicalVariable(each.AsUInt16(), HighNibblesLater).AsByte());
    }
}

/// <summary>The official layout: two columns a byte, the lower nibble first.</summary>
internal readonly unsafe struct Fp4Bytes : IUnsignedBytes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Load(byte* row, int pair)
    {
        Vector512<ushort> words = Avx512BW.ConvertToVector512UInt16(Vector256.Load(row + (32L * pair)));
        return Avx512Vbmi.PermuteVar64x8(Fp4Values.Table, ((words << 4) | words).AsByte());
    }
}

/// <summary>Blocks of Q8_0: 34 bytes, a binary16 scale first; 128 makes the integers unsigned.</summary>
internal readonly unsafe struct Q80Bytes : IUnsignedBytes
{
    /// <summary>The offset is so many bits more than the 16 of <see cref="IntegerRow.Offset"/>.</summary>
    public const int OffsetShift = 3;

    private const int Pair = 68;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Load(byte* row, int pair)
    {
        byte* w = row + ((long)pair * Pair);
        return Halves.Join(Vector256.Load(w + 2), Vector256.Load(w + 36)) ^ Vector512.Create((byte)0x80);
    }
}

/// <summary>Two halves as one vector; what the runtime makes of Vector512.Create(half, half) goes through memory inside loops.</summary>
internal static class Halves
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Join<T>(Vector256<T> lower, Vector256<T> upper) => Avx512F.InsertVector256(lower.AsByte().ToVector512Unsafe(), upper.AsByte(), 1).As<byte, T>();
}
