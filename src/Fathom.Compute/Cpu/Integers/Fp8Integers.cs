using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>
/// FP8 codes as 16-bit integers: 64 times their value, which is exact from 1/8 on and the nearest otherwise (the largest value is
/// 448). The two bytes come from tables of 256 entries, in four lookups of 128.
/// </summary>
internal static class Fp8Integers
{
    /// <summary>What an integer is to be multiplied with.</summary>
    public const float Unit = 1f / 64f;

    private static readonly short[] Integers = [.. Enumerable.Range(0, 256).Select(code => Of((byte)code))];

    private static readonly Vector512<byte>[] Lower = Bytes(0), Upper = Bytes(8);

    // NaN counts as 0; no checkpoint has it.
    private static short Of(byte code)
    {
        float value = E4M3.Decode(code);
        return float.IsNaN(value) ? (short)0 : (short)MathF.Round(value * 64f);
    }

    /// <summary>The integer of a code, from the table.</summary>
    public static short At(byte code) => Integers[code];

    /// <summary>The tables, to be kept in registers.</summary>
    public static Tables Load() => new(Lower[0], Lower[1], Lower[2], Lower[3], Upper[0], Upper[1], Upper[2], Upper[3]);

    private static Vector512<byte>[] Bytes(int shift)
    {
        byte[] bytes = [.. Integers.Select(value => (byte)(value >> shift))];
        return [.. Enumerable.Range(0, 4).Select(quarter => Vector512.Create(bytes, 64 * quarter))];
    }

    internal readonly struct Tables(
        Vector512<byte> l0, Vector512<byte> l1, Vector512<byte> l2, Vector512<byte> l3,
        Vector512<byte> u0, Vector512<byte> u1, Vector512<byte> u2, Vector512<byte> u3)
    {
        /// <summary>64 codes: of every sixteen the first eight, and the last eight.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public (Vector512<short> First, Vector512<short> Last) Decode(Vector512<byte> codes)
        {
            Vector512<byte> isNegative = Vector512.GreaterThan(Vector512<sbyte>.Zero, codes.AsSByte()).AsByte();
            Vector512<byte> lower = Vector512.ConditionalSelect(isNegative, Avx512Vbmi.PermuteVar64x8x2(l2, codes, l3), Avx512Vbmi.PermuteVar64x8x2(l0, codes, l1));
            Vector512<byte> upper = Vector512.ConditionalSelect(isNegative, Avx512Vbmi.PermuteVar64x8x2(u2, codes, u3), Avx512Vbmi.PermuteVar64x8x2(u0, codes, u1));
            return (Avx512BW.UnpackLow(lower, upper).AsInt16(), Avx512BW.UnpackHigh(lower, upper).AsInt16());
        }
    }
}
