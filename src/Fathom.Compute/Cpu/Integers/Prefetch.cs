using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>Asks for memory ahead of its use, so that reading and computing overlap.</summary>
internal static unsafe class Prefetch
{
    private const int Line = 64;

    /// <summary>The cache lines of some bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Lines(byte* start, long bytes)
    {
        if (!Sse.IsSupported) return;
        for (long i = 0; i < bytes; i += Line) Sse.Prefetch0(start + i);
    }
}
