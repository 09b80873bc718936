using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Integers.Groups;

/// <summary>Q6_K of GGUF: 210 bytes for 256 columns; a signed byte as scale for each sixteen columns. Weights plus 32 are six bits; with their scales they fill 16.</summary>
internal readonly unsafe struct Q6KGroup : IGroupFormat
{
    // Of eight rows: scales (floats), then the bytes of each sixteen columns.
    private const int Record = 160;

    public static int BlockBytes => 210;

    public static int Parts => 8;

    public static int Bias => 32;

    public static bool HasWidePanel => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(byte* block, int part)
    {
        int half = part / 4, quarter = part & 3;
        Vector256<byte> low = (Vector256.Load(block + (64 * half) + (32 * (quarter & 1))).AsUInt16() >>> (4 * (quarter / 2))).AsByte() & Vector256.Create((byte)15);
        Vector256<byte> high = (Vector256.Load(block + 128 + (32 * half)).AsUInt16() >>> (2 * quarter)).AsByte() & Vector256.Create((byte)3);
        return low | (high.AsUInt16() << 4).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<short> First, Vector256<short> Last) LoadWide(byte* block, int part)
    {
        Vector256<byte> bytes = Load(block, part);
        var scales = (sbyte*)block + 192 + (2 * part);
        return (
            (Vector256.WidenLower(bytes).AsInt16() - Vector256.Create((short)32)) * Vector256.Create((short)scales[0]),
            (Vector256.WidenUpper(bytes).AsInt16() - Vector256.Create((short)32)) * Vector256.Create((short)scales[1]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadForPanel(byte* block, int part) => default;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Gather(WeightMatrix weight, int row, byte* scales)
    {
        ulong* values = stackalloc ulong[GroupRows.Rows];
        byte* start = weight.Data + (row * weight.RowBytes);
        for (int block = 0; block < weight.Columns / 256; block++, start += BlockBytes, scales += Record)
        {
            HalfScales.Eight(start + 208, weight.RowBytes).Store((float*)scales);
            for (int half = 0; half < 2; half++)
            {
                for (int r = 0; r < GroupRows.Rows; r++) values[r] = *(ulong*)(start + 192 + (r * weight.RowBytes) + (8 * half));
                Bytes.Transpose(values, scales + 32 + (64 * half));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Combine(Vector256<int> first, Vector256<int> last, byte* scales, int group)
    {
        byte* record = scales + ((long)(group / 8) * Record) + 32 + (16 * (group % 8));
        return (first * Bytes.EightSigned(record)) + (last * Bytes.EightSigned(record + 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scale(byte* scales, int group) => Vector256.Load((float*)(scales + ((long)(group / 8) * Record)));
}
