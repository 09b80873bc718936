using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers.Groups;

/// <summary>The few steps that a vector library of the runtime has not got, or has only slowly.</summary>
internal static unsafe class Bytes
{
    /// <summary>Looks up in a table of sixteen bytes; indices are at most 15.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Look(Vector128<byte> table, Vector256<byte> indices) => Avx2.IsSupported
        ? Avx2.Shuffle(Vector256.Create(table, table), indices)
        : Vector256.Create(Vector128.Shuffle(table, indices.GetLower()), Vector128.Shuffle(table, indices.GetUpper()));

    /// <summary>Looks up in a table of sixteen bytes; indices from 16 to 127 give 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LookOrZero(Vector128<byte> table, Vector256<byte> indices) => Avx2.IsSupported
        ? Avx2.Shuffle(Vector256.Create(table, table), Avx2.AddSaturate(indices, Vector256.Create((byte)0x70)))
        : Look(table, indices);

    /// <summary>In each half, from the four lanes of a and of b: a0 + a1, a2 + a3, b0 + b1, b2 + b3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddPairs(Vector256<int> a, Vector256<int> b)
    {
        if (Avx2.IsSupported) return Avx2.HorizontalAdd(a, b);
        return Vector256.Create(AddPairs(a.GetLower(), b.GetLower()), AddPairs(a.GetUpper(), b.GetUpper()));
    }

    /// <summary>Eight unsigned bytes as integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Eight(byte* bytes) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32(bytes)
        : Vector256.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)bytes).AsByte()).ToVector256Unsafe()).AsInt32();

    /// <summary>Eight signed bytes as integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> EightSigned(byte* bytes) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32((sbyte*)bytes)
        : Vector256.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)bytes).AsSByte()).ToVector256Unsafe());

    /// <summary>Eight rows of eight bytes, turned around.</summary>
    /// <param name="rows">[8], the bytes of a row from the lowest on.</param>
    /// <param name="to">Receives [8][8].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose(ulong* rows, byte* to)
    {
        if (Sse2.IsSupported)
        {
            Vector128<ushort> ab = Interleave(rows[0], rows[1]), cd = Interleave(rows[2], rows[3]), ef = Interleave(rows[4], rows[5]), gh = Interleave(rows[6], rows[7]);
            JoinPairs(ab, cd, ef, gh, to);
            return;
        }

        for (int i = 0; i < 64; i++) to[i] = (byte)(rows[i % 8] >> (8 * (i / 8)));
    }

    /// <summary>The second half of turning eight rows around, with SSE2: pairs of rows whose bytes alternate become [8][8].</summary>
    /// <param name="ab">Rows 0 and 1.</param>
    /// <param name="cd">Rows 2 and 3.</param>
    /// <param name="ef">Rows 4 and 5.</param>
    /// <param name="gh">Rows 6 and 7.</param>
    /// <param name="to">Receives [8][8].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void JoinPairs(Vector128<ushort> ab, Vector128<ushort> cd, Vector128<ushort> ef, Vector128<ushort> gh, byte* to)
    {
        Vector128<uint> low = Sse2.UnpackLow(ab, cd).AsUInt32(), low2 = Sse2.UnpackLow(ef, gh).AsUInt32();
        Vector128<uint> high = Sse2.UnpackHigh(ab, cd).AsUInt32(), high2 = Sse2.UnpackHigh(ef, gh).AsUInt32();
        Sse2.UnpackLow(low, low2).AsByte().Store(to);
        Sse2.UnpackHigh(low, low2).AsByte().Store(to + 16);
        Sse2.UnpackLow(high, high2).AsByte().Store(to + 32);
        Sse2.UnpackHigh(high, high2).AsByte().Store(to + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Interleave(ulong a, ulong b) => Sse2.UnpackLow(Vector128.CreateScalarUnsafe(a).AsByte(), Vector128.CreateScalarUnsafe(b).AsByte()).AsUInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> AddPairs(Vector128<int> a, Vector128<int> b) => AdvSimd.Arm64.IsSupported
        ? AdvSimd.Arm64.AddPairwise(a, b)
        : Vector128.Create(a[0] + a[1], a[2] + a[3], b[0] + b[1], b[2] + b[3]);
}
