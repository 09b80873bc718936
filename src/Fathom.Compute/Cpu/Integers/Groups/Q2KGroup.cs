using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Integers.Groups;

/// <summary>Q2_K of GGUF: 84 bytes for 256 columns; a scale and a minimum of four bits for each sixteen columns.</summary>
internal readonly unsafe struct Q2KGroup : IGroupFormat
{
    // Of eight rows: scales, minima (floats), then the bytes of both for each sixteen columns.
    private const int Record = 192;

    public static int BlockBytes => 84;

    public static int Parts => 8;

    public static bool HasMinima => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(byte* block, int part) =>
        (Vector256.Load(block + 16 + (32 * (part / 4))).AsUInt16() >>> (2 * (part & 3))).AsByte() & Vector256.Create((byte)3);

    /// <summary>3 · 15 at most, so that two bytes are multiplied as one number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadForPanel(byte* block, int part) => (Load(block, part).AsUInt16() * Vector256.Create(
        Vector128.Create((ushort)(block[2 * part] & 15)),
        Vector128.Create((ushort)(block[(2 * part) + 1] & 15)))).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Gather(WeightMatrix weight, int row, byte* scales)
    {
        ulong* values = stackalloc ulong[GroupRows.Rows];
        byte* start = weight.Data + (row * weight.RowBytes);
        for (int block = 0; block < weight.Columns / 256; block++, start += BlockBytes, scales += Record)
        {
            HalfScales.Eight(start + 80, weight.RowBytes).Store((float*)scales);
            HalfScales.Eight(start + 82, weight.RowBytes).Store((float*)scales + 8);
            for (int half = 0; half < 2; half++)
            {
                for (int r = 0; r < GroupRows.Rows; r++) values[r] = *(ulong*)(start + (r * weight.RowBytes) + (8 * half));
                Bytes.Transpose(values, scales + 64 + (64 * half));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Combine(Vector256<int> first, Vector256<int> last, byte* scales, int group)
    {
        byte* record = scales + ((long)(group / 8) * Record) + 64 + (16 * (group % 8));
        return (first * (Bytes.Eight(record) & Vector256.Create(15))) + (last * (Bytes.Eight(record + 8) & Vector256.Create(15)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scale(byte* scales, int group) => Vector256.Load((float*)(scales + ((long)(group / 8) * Record)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Minimum(byte* scales, int group, int half)
    {
        byte* record = scales + ((long)(group / 8) * Record);
        return -(Vector256.Load((float*)record + 8) * Vector256.ConvertToSingle(Bytes.Eight(record + 64 + (16 * (group % 8)) + (8 * half)) >>> 4));
    }
}
