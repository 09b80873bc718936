using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fathom.Evaluation.Speed;

/// <summary>What the machine gives at its best: the limits that speed is held against.</summary>
/// <param name="Threads">Threads that took part.</param>
/// <param name="BytesPerSecond">Reading memory that no cache holds.</param>
/// <param name="FloatOperationsPerSecond">Fused multiply-adds in 32 bits, two operations each, from registers.</param>
/// <param name="ByteOperationsPerSecond">Products of bytes added up in 16 bits, two operations each, from registers; 0 where there is no instruction for them.</param>
public sealed record MachinePeaks(int Threads, double BytesPerSecond, double FloatOperationsPerSecond, double ByteOperationsPerSecond = 0)
{
    private const int Repeats = 5;
    private const int Steps = 1 << 22;
    private const int Chains = 12;

    /// <summary>Measures for about a second; the best of several runs counts.</summary>
    /// <param name="threads">Threads.</param>
    public static MachinePeaks Measure(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        using var memory = new MemoryReaders(threads);
        double bytes = Best(memory.ReadOnce, memory.Bytes);
        double operations = Best(() => MemoryReaders.OnThreads(threads, _ => MultiplyAdd()), 2.0 * Vector512<float>.Count * Chains * Steps * threads);
        double products = Avx512BW.IsSupported ? Best(() => MemoryReaders.OnThreads(threads, _ => MultiplyBytes()), 2.0 * Vector512<byte>.Count * Chains * Steps * threads) : 0;
        return new MachinePeaks(threads, bytes, operations, products);
    }

    private static double Best(Action run, double amount)
    {
        run();
        double best = 0;
        for (int i = 0; i < Repeats; i++)
        {
            long started = Stopwatch.GetTimestamp();
            run();
            best = Math.Max(best, amount / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        return best;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdd()
    {
        Vector512<float> x = Vector512.Create(0.999f), y = Vector512.Create(0.001f);
        Vector512<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (int step = 0; step < Steps; step++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
            k = Vector512.FusedMultiplyAdd(k, x, y);
            l = Vector512.FusedMultiplyAdd(l, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static int MultiplyBytes()
    {
        Vector512<byte> x = Vector512.Create((byte)3);
        Vector512<sbyte> y = Vector512.Create((sbyte)2);
        Vector512<short> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default, i = default, j = default, k = default, l = default;
        for (int step = 0; step < Steps; step++)
        {
            a += Avx512BW.MultiplyAddAdjacent(x ^ a.AsByte(), y);
            b += Avx512BW.MultiplyAddAdjacent(x ^ b.AsByte(), y);
            c += Avx512BW.MultiplyAddAdjacent(x ^ c.AsByte(), y);
            d += Avx512BW.MultiplyAddAdjacent(x ^ d.AsByte(), y);
            e += Avx512BW.MultiplyAddAdjacent(x ^ e.AsByte(), y);
            f += Avx512BW.MultiplyAddAdjacent(x ^ f.AsByte(), y);
            g += Avx512BW.MultiplyAddAdjacent(x ^ g.AsByte(), y);
            h += Avx512BW.MultiplyAddAdjacent(x ^ h.AsByte(), y);
            i += Avx512BW.MultiplyAddAdjacent(x ^ i.AsByte(), y);
            j += Avx512BW.MultiplyAddAdjacent(x ^ j.AsByte(), y);
            k += Avx512BW.MultiplyAddAdjacent(x ^ k.AsByte(), y);
            l += Avx512BW.MultiplyAddAdjacent(x ^ l.AsByte(), y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
