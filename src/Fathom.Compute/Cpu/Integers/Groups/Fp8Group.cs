using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Integers.Groups;

/// <summary>
/// FP8 codes as the 16-bit integers of <see cref="Fp8Integers"/>. With exponent field e and mantissa m they are (8 + m) · 2^(e − 4)
/// from e = 4 on; below, a code is small enough to be looked up.
/// </summary>
internal readonly unsafe struct Fp8Group : IGroupFormat
{
    public static int BlockBytes => 32;

    public static int Parts => 1;

    public static bool IsWide => true;

    public static bool HasWidePanel => true;

    // The lower and the upper byte of 2^(e − 4).
    private static Vector128<byte> LowerPowers => Vector128.Create((byte)0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0);

    private static Vector128<byte> UpperPowers => Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8);

    // The integers of codes 0 to 15 and 16 to 31, rounded to the nearest, ties to even.
    private static Vector128<byte> Least => Vector128.Create((byte)0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2);

    private static Vector128<byte> Less => Vector128.Create((byte)2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 6, 6, 6, 7, 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<short> First, Vector256<short> Last) LoadWide(byte* block, int part)
    {
        Vector256<byte> codes = Vector256.Load(block), magnitude = codes & Vector256.Create((byte)0x7F);
        Vector256<byte> exponent = (codes.AsUInt16() >>> 3).AsByte() & Vector256.Create((byte)15);
        Vector256<byte> small = Bytes.LookOrZero(Least, magnitude) | Bytes.LookOrZero(Less, magnitude ^ Vector256.Create((byte)16));

        // What is no number counts as 0.
        Vector256<byte> mantissa = Vector256.AndNot((codes & Vector256.Create((byte)7)) | Vector256.Create((byte)8), Vector256.Equals(magnitude, Vector256.Create((byte)0x7F)));
        Vector256<byte> lower = Bytes.Look(LowerPowers, exponent), upper = Bytes.Look(UpperPowers, exponent);
        return (
            Join(Vector256.WidenLower(mantissa), Vector256.WidenLower(lower), Vector256.WidenLower(upper), Vector256.WidenLower(small), Vector256.WidenLower(codes)),
            Join(Vector256.WidenUpper(mantissa), Vector256.WidenUpper(lower), Vector256.WidenUpper(upper), Vector256.WidenUpper(small), Vector256.WidenUpper(codes)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(byte* block, int part) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadForPanel(byte* block, int part) => default;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Gather(WeightMatrix weight, int row, byte* scales)
    {
        float* to = (float*)scales;
        for (int block = 0; block < weight.ScaleColumns; block++)
        {
            for (int r = 0; r < GroupRows.Rows; r++) *to++ = weight.ScaleAt(row + r, block) * Fp8Integers.Unit;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scale(byte* scales, int group) => Vector256.Load((float*)scales + (8 * (group / 4)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Join(Vector256<ushort> mantissa, Vector256<ushort> lower, Vector256<ushort> upper, Vector256<ushort> small, Vector256<ushort> codes)
    {
        Vector256<short> value = ((mantissa * (lower | (upper << 8))) + small).AsInt16(), negative = (codes << 8).AsInt16() >> 15;
        return (value ^ negative) - negative;
    }
}
