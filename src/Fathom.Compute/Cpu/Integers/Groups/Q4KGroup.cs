using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Integers.Groups;

/// <summary>Q4_K of GGUF: 144 bytes for 256 columns; a scale and a minimum of six bits for each group.</summary>
internal readonly unsafe struct Q4KGroup : IGroupFormat
{
    // Of eight rows: scales, minima (floats), then both of each group (bytes).
    private const int Record = 192;

    public static int BlockBytes => 144;

    public static int Parts => 8;

    public static bool HasMinima => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(byte* block, int part) =>
        (Vector256.Load(block + 16 + (32 * (part / 2))).AsUInt16() >>> (4 * (part & 1))).AsByte() & Vector256.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadForPanel(byte* block, int part) => Load(block, part);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Gather(WeightMatrix weight, int row, byte* scales)
    {
        ulong* values = stackalloc ulong[GroupRows.Rows], minima = stackalloc ulong[GroupRows.Rows];
        byte* start = weight.Data + (row * weight.RowBytes);
        for (int block = 0; block < weight.Columns / 256; block++, start += BlockBytes, scales += Record)
        {
            HalfScales.Eight(start, weight.RowBytes).Store((float*)scales);
            HalfScales.Eight(start + 2, weight.RowBytes).Store((float*)scales + 8);
            for (int r = 0; r < GroupRows.Rows; r++) (values[r], minima[r]) = SixBits((uint*)(start + (r * weight.RowBytes) + 4));
            Bytes.Transpose(values, scales + 64);
            Bytes.Transpose(minima, scales + 128);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scale(byte* scales, int group)
    {
        byte* record = scales + ((long)(group / 8) * Record);
        return Vector256.Load((float*)record) * Vector256.ConvertToSingle(Bytes.Eight(record + 64 + (8 * (group % 8))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Minimum(byte* scales, int group, int half)
    {
        byte* record = scales + ((long)(group / 8) * Record);
        return -(Vector256.Load((float*)record + 8) * Vector256.ConvertToSingle(Bytes.Eight(record + 128 + (8 * (group % 8)))));
    }

    // Twelve bytes: the lower bits of the first four scales, of the first four minima, then the lower halves of the last four of both;
    // the upper bits of those lie above the first ones.
    private static (ulong Scales, ulong Minima) SixBits(uint* packed)
    {
        uint a = packed[0], b = packed[1], c = packed[2];
        uint lastScales = (c & 0x0F0F0F0F) | (((a >> 6) & 0x03030303) << 4), lastMinima = ((c >> 4) & 0x0F0F0F0F) | (((b >> 6) & 0x03030303) << 4);
        return ((a & 0x3F3F3F3F) | ((ulong)lastScales << 32), (b & 0x3F3F3F3F) | ((ulong)lastMinima << 32));
    }
}
