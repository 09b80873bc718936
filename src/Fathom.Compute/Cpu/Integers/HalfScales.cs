using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Cpu.Kernels;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>Binary16 scales as floats.</summary>
internal static class HalfScales
{
    /// <summary>Eight scales, which are finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToSingle(Vector128<ushort> halves)
    {
        Vector256<int> bits = Avx2.IsSupported ? Avx2.ConvertToVector256Int32(halves) : Vector256.WidenLower(halves.ToVector256Unsafe()).AsInt32();
        Vector256<float> magnitude = ((bits & Vector256.Create(0x7FFF)) << 13).AsSingle() * Binary16Numbers.Rebias;
        return (magnitude.AsInt32() | ((bits & Vector256.Create(0x8000)) << 16)).AsSingle();
    }

    /// <summary>The scales of eight rows, which lie a stride apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<float> Eight(byte* first, long stride)
    {
        byte* fifth = first + (4 * stride);
        return ToSingle(Vector128.Create(Four(first, stride), Four(fifth, stride)).AsUInt16());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe ulong Four(byte* first, long stride) =>
        *(ushort*)first | ((ulong)*(ushort*)(first + stride) << 16) | ((ulong)*(ushort*)(first + (2 * stride)) << 32) | ((ulong)*(ushort*)(first + (3 * stride)) << 48);
}
