using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Kernels;

/// <summary>
/// Small formats are exact in bfloat16, whose two bytes a table gives; a bfloat16 is the upper half of a float. Sixty-four
/// codes become four vectors of floats in their natural order when the codes lie in <see cref="Order"/> before the tables:
/// interleaving the bytes and taking even and odd halves puts them right again.
/// </summary>
internal static class BFloat16Halves
{
    /// <summary>Where each of 64 codes has to lie: byte 16·L + 8·h + 2·d + o holds code 32·h + 16·o + 4·L + d.</summary>
    public static Vector512<byte> Order { get; } = MakeOrder();

    /// <summary>Codes 0 to 15 of vector 0, 16 to 31 of vector 1, and so on, from their low and high bfloat16 bytes in <see cref="Order"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float> V0, Vector512<float> V1, Vector512<float> V2, Vector512<float> V3) Join(Vector512<byte> low, Vector512<byte> high)
    {
        Vector512<int> upper = Vector512.Create(unchecked((int)0xFFFF0000));
        Vector512<int> a = Avx512BW.UnpackLow(low, high).AsInt32(), b = Avx512BW.UnpackHigh(low, high).AsInt32();
        return ((a << 16).AsSingle(), (a & upper).AsSingle(), (b << 16).AsSingle(), (b & upper).AsSingle());
    }

    private static Vector512<byte> MakeOrder()
    {
        var order = new byte[64];
        for (int i = 0; i < order.Length; i++) order[i] = (byte)((32 * (i / 8 % 2)) + (16 * (i % 2)) + (4 * (i / 16)) + (i % 8 / 2));
        return Vector512.Create(order);
    }
}
