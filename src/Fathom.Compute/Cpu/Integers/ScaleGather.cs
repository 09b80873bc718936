using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Cpu.Integers.Groups;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>Scales of eight weight rows, put side by side group by group: [groups][8]. They lie scattered in blocks or row after row.</summary>
internal static unsafe class ScaleGather
{
    private const int Mxfp4Block = 17;
    private const int Q80Block = 34;

    // Of two rows: the scales of four blocks, in turn. A second index counts from 64.
    private static readonly Vector512<byte> Mxfp4Pairs = Indices(i => (byte)((Mxfp4Block * (i / 2 % 4)) + (64 * (i % 2))));

    /// <summary>UE8M0 codes of eight rows of MXFP4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Mxfp4(byte* row, long stride, int groups, byte* to)
    {
        int group = 0;
        Vector512<byte> pairs = Mxfp4Pairs;
        for (; group <= groups - 4; group += 4, to += 32)
        {
            byte* from = row + (group * (long)Mxfp4Block);
            Vector128<ushort> ab = Four(from, stride, pairs), cd = Four(from + (2 * stride), stride, pairs);
            Vector128<ushort> ef = Four(from + (4 * stride), stride, pairs), gh = Four(from + (6 * stride), stride, pairs);
            Vector128<uint> abcd = Sse2.UnpackLow(ab, cd).AsUInt32(), efgh = Sse2.UnpackLow(ef, gh).AsUInt32();
            Sse2.UnpackLow(abcd, efgh).AsByte().Store(to);
            Sse2.UnpackHigh(abcd, efgh).AsByte().Store(to + 16);
        }

        for (; group < groups; group++)
        {
            for (int r = 0; r < 8; r++) *to++ = row[(r * stride) + (group * (long)Mxfp4Block)];
        }
    }

    /// <summary>UE8M0 codes of eight rows of a scale matrix of bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Fp4(byte* row, long stride, int groups, byte* to)
    {
        int group = 0;
        for (; group <= groups - 8; group += 8, to += 64)
        {
            byte* from = row + group;
            Vector128<ushort> ab = Two(from, stride), cd = Two(from + (2 * stride), stride), ef = Two(from + (4 * stride), stride), gh = Two(from + (6 * stride), stride);
            Bytes.JoinPairs(ab, cd, ef, gh, to);
        }

        for (; group < groups; group++)
        {
            for (int r = 0; r < 8; r++) *to++ = row[(r * stride) + group];
        }
    }

    /// <summary>Binary16 scales of eight rows of Q8_0, an even number of groups.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Q80(byte* row, long stride, int groups, ushort* to)
    {
        for (int group = 0; group < groups; group += 2, to += 16)
        {
            byte* from = row + (group * (long)Q80Block);
            Vector128<uint> ab = TwoHalves(from, stride), cd = TwoHalves(from + (2 * stride), stride), ef = TwoHalves(from + (4 * stride), stride), gh = TwoHalves(from + (6 * stride), stride);
            Vector128<ulong> abcd = Sse2.UnpackLow(ab, cd).AsUInt64(), efgh = Sse2.UnpackLow(ef, gh).AsUInt64();
            Sse2.UnpackLow(abcd, efgh).AsUInt16().Store(to);
            Sse2.UnpackHigh(abcd, efgh).AsUInt16().Store(to + 8);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Four(byte* from, long stride, Vector512<byte> pairs) =>
        Avx512Vbmi.PermuteVar64x8x2(Vector512.Load(from), pairs, Vector512.Load(from + stride)).GetLower().GetLower().AsUInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Two(byte* from, long stride) =>
        Sse2.UnpackLow(Vector128.CreateScalarUnsafe(*(ulong*)from).AsByte(), Vector128.CreateScalarUnsafe(*(ulong*)(from + stride)).AsByte()).AsUInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> TwoHalves(byte* from, long stride)
    {
        ulong a = *(ushort*)from | ((ulong)*(ushort*)(from + stride) << 16);
        ulong b = *(ushort*)(from + Q80Block) | ((ulong)*(ushort*)(from + Q80Block + stride) << 16);
        return Vector128.CreateScalarUnsafe(a | (b << 32)).AsUInt32();
    }

    private static Vector512<byte> Indices(Func<int, byte> indexOf)
    {
        var bytes = new byte[64];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = indexOf(i);
        return Vector512.Create(bytes);
    }
}
