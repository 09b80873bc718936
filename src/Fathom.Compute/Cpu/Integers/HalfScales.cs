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
        Vector256<int> bits = Avx2.ConvertToVector256Int32(halves);
        Vector256<float> magnitude = ((bits & Vector256.Create(0x7FFF)) << 13).AsSingle() * Binary16Numbers.Rebias;
        return (magnitude.AsInt32() | ((bits & Vector256.Create(0x8000)) << 16)).AsSingle();
    }
}
