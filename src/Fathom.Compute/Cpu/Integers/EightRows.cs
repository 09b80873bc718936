using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>The last step of row kernels that take two groups of 32 columns at a time.</summary>
internal static class EightRows
{
    /// <summary>
    /// From the sums of rows 0 to 3 and of rows 4 to 7, a quarter for each sixteen columns: the eight sums of the first group,
    /// then those of the second.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Join(Vector512<int> a, Vector512<int> b) =>
        Avx512F.PermuteVar8x64x2(a.AsInt64(), Vector512.Create(0L, 1, 8, 9, 4, 5, 12, 13), b.AsInt64()).AsInt32() +
        Avx512F.PermuteVar8x64x2(a.AsInt64(), Vector512.Create(2L, 3, 10, 11, 6, 7, 14, 15), b.AsInt64()).AsInt32();
}
