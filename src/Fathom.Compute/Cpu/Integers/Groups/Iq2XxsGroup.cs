using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Integers.Groups;

/// <summary>IQ2_XXS of GGUF: 66 bytes for 256 columns; a group is four entries of a grid of magnitudes, four times seven signs and a scale of four bits.</summary>
internal readonly unsafe struct Iq2XxsGroup : IGroupFormat
{
    // Of eight rows: scales (floats), then the bytes of each group.
    private const int Record = 96;

    // Eight magnitudes by entry; eight times 0 or −1 by seven signs, the eighth makes the number of negative ones even.
    private static readonly ulong* Magnitudes = Table(256, (entry, j) => (byte)GgufBlocks.Magnitude(entry, j));
    private static readonly ulong* Signs = Table(128, (signs, j) => j < 7 ? (byte)-((signs >> j) & 1) : (byte)-(BitOperations.PopCount((uint)signs) & 1));

    public static int BlockBytes => 66;

    public static int Parts => 8;

    public static int Bias => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(byte* block, int part)
    {
        ulong entries = *(ulong*)(block + 2 + (8 * part));
        ulong* m = Magnitudes, s = Signs;
        Vector256<byte> magnitudes = Vector256.Create(m[entries & 255], m[(entries >> 8) & 255], m[(entries >> 16) & 255], m[(entries >> 24) & 255]).AsByte();
        Vector256<byte> negative = Vector256.Create(s[(entries >> 32) & 127], s[(entries >> 39) & 127], s[(entries >> 46) & 127], s[(entries >> 53) & 127]).AsByte();
        return (magnitudes ^ negative) - (negative - Vector256.Create((byte)64));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadForPanel(byte* block, int part) => Load(block, part);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Gather(WeightMatrix weight, int row, byte* scales)
    {
        ulong* values = stackalloc ulong[GroupRows.Rows];
        byte* start = weight.Data + (row * weight.RowBytes);
        for (int block = 0; block < weight.Columns / 256; block++, start += BlockBytes, scales += Record)
        {
            HalfScales.Eight(start, weight.RowBytes).Store((float*)scales);
            for (int r = 0; r < GroupRows.Rows; r++) values[r] = UpperNibbles(start + (r * weight.RowBytes) + 9);
            Bytes.Transpose(values, scales + 32);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scale(byte* scales, int group)
    {
        byte* record = scales + ((long)(group / 8) * Record);
        Vector256<float> inGroup = Vector256.ConvertToSingle(Bytes.Eight(record + 32 + (8 * (group % 8)))) + Vector256.Create(0.5f);
        return Vector256.Load((float*)record) * inGroup * Vector256.Create(0.25f);
    }

    // Of eight bytes that lie eight apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong UpperNibbles(byte* w) =>
        ((w[0] | ((ulong)w[8] << 8) | ((ulong)w[16] << 16) | ((ulong)w[24] << 24) | ((ulong)w[32] << 32) | ((ulong)w[40] << 40) | ((ulong)w[48] << 48) | ((ulong)w[56] << 56)) >> 4) & 0x0F0F0F0F0F0F0F0F;

    private static ulong* Table(int entries, Func<int, int, byte> byteAt)
    {
        // Kept as long as the program runs.
        var table = (ulong*)NativeMemory.AllocZeroed((nuint)entries, sizeof(ulong));
        for (int entry = 0; entry < entries; entry++)
        {
            for (int j = 0; j < 8; j++) table[entry] |= (ulong)byteAt(entry, j) << (8 * j);
        }

        return table;
    }
}
