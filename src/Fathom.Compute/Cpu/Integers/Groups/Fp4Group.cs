using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu.Integers.Groups;

/// <summary>FP4 of the official layout: two columns a byte, the lower nibble first; scales in a matrix of their own. Integers are doubled values plus 16.</summary>
internal readonly unsafe struct Fp4Group : IGroupFormat
{
    /// <summary>What makes the integers unsigned.</summary>
    public const int Offset = 16;

    public static int BlockBytes => 16;

    public static int Parts => 1;

    public static int Bias => Offset;

    /// <summary>By code.</summary>
    public static Vector128<byte> Table
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(byte* block, int part)
    {
        Vector256<ushort> pairs = Vector256.WidenLower(Vector128.Load(block).ToVector256Unsafe());
        return Bytes.Look(Table, (pairs | (pairs << 4)).AsByte() & Vector256.Create((byte)15));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadForPanel(byte* block, int part) => Load(block, part);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Gather(WeightMatrix weight, int row, byte* scales)
    {
        int groups = weight.Columns / IntegerRounding.Group;
        byte* start = weight.Scales + ((long)row * weight.ScaleColumns);
        if (Sse2.IsSupported)
        {
            ScaleGather.Fp4(start, weight.ScaleColumns, groups, scales);
            return;
        }

        for (int group = 0; group < groups; group++)
        {
            for (int r = 0; r < GroupRows.Rows; r++) *scales++ = start[((long)r * weight.ScaleColumns) + group];
        }
    }

    /// <summary>Half the stored powers of two, because the values are doubled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scale(byte* scales, int group) => (Bytes.Eight(scales + (8 * group)) << 23).AsSingle() * Vector256.Create(0.5f);
}
