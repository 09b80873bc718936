using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu.Integers.Groups;

/// <summary>Q8_0 of GGUF: 34 bytes, a binary16 scale first, then signed bytes.</summary>
internal readonly unsafe struct Q80Group : IGroupFormat
{
    public static int BlockBytes => 34;

    public static int Parts => 1;

    public static bool IsSigned => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(byte* block, int part) => Vector256.Load(block + 2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadForPanel(byte* block, int part) => Load(block, part);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Gather(WeightMatrix weight, int row, byte* scales)
    {
        byte* start = weight.Data + (row * weight.RowBytes);
        ushort* to = (ushort*)scales;
        if (Sse2.IsSupported)
        {
            ScaleGather.Q80(start, weight.RowBytes, weight.Columns / IntegerRounding.Group, to);
            return;
        }

        for (int group = 0; group < weight.Columns / IntegerRounding.Group; group++, start += BlockBytes)
        {
            for (int r = 0; r < GroupRows.Rows; r++) *to++ = *(ushort*)(start + (r * weight.RowBytes));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scale(byte* scales, int group) => HalfScales.ToSingle(Vector128.Load((ushort*)scales + (8 * group)));
}
