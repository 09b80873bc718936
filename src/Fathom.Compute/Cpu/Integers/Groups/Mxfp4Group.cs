using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu.Integers.Groups;

/// <summary>MXFP4 of GGUF: 17 bytes, a scale first; low nibbles are the first sixteen columns.</summary>
internal readonly unsafe struct Mxfp4Group : IGroupFormat
{
    public static int BlockBytes => 17;

    public static int Parts => 1;

    public static int Bias => Fp4Group.Offset;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(byte* block, int part)
    {
        if (Avx2.IsSupported)
        {
            Vector256<uint> both = Avx2.BroadcastVector128ToVector256(block + 1).AsUInt32();
            return Bytes.Look(Fp4Group.Table, Avx2.ShiftRightLogicalVariable(both, Vector256.Create(0u, 0, 0, 0, 4, 4, 4, 4)).AsByte() & Vector256.Create((byte)15));
        }

        Vector128<byte> codes = Vector128.Load(block + 1);
        return Bytes.Look(Fp4Group.Table, Vector256.Create(codes & Vector128.Create((byte)15), codes >>> 4));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadForPanel(byte* block, int part) => Load(block, part);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Gather(WeightMatrix weight, int row, byte* scales)
    {
        long stride = weight.RowBytes;
        byte* w = weight.Data + (row * stride), w4 = w + (4 * stride);
        var to = (ulong*)scales;
        for (int group = 0; group < weight.Columns / IntegerRounding.Group; group++, w += BlockBytes, w4 += BlockBytes) *to++ = Four(w, stride) | ((ulong)Four(w4, stride) << 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scale(byte* scales, int group) => Fp4Group.Scale(scales, group);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Four(byte* w, long stride) => w[0] | ((uint)w[stride] << 8) | ((uint)w[2 * stride] << 16) | ((uint)w[3 * stride] << 24);
}
