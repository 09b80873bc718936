using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fathom.Training.Network.Kernels;

/// <summary>What the kernels share: the memory of tensors, rows in parallel, and products of short rows of 32-bit floats.</summary>
internal static unsafe class Rows
{
    /// <summary>Whether a tensor can go through kernels; 64-bit floats (gradient checks) go through the plain twins.</summary>
    public static bool Fit(Tensor tensor) => tensor.dtype == ScalarType.Float32;

    /// <summary>The memory of a contiguous tensor of 32-bit floats.</summary>
    public static float* Floats(Tensor tensor) => (float*)Memory(tensor);

    /// <summary>The memory of a contiguous tensor.</summary>
    public static void* Memory(Tensor tensor) => Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));

    /// <summary>Calls <paramref name="body"/> with ranges that cover 0 to count. The ranges depend on nothing but the numbers, so that sums over one do not depend on threads.</summary>
    public static void Parallelize(long count, long atOnce, Action<long, long, int> body) =>
        Parallel.For(0, (int)((count + atOnce - 1) / atOnce), part => body(part * atOnce, Math.Min(count, (part + 1) * atOnce), part));

    /// <summary>Σ a_i · b_i.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(float* a, float* b, int n)
    {
        Vector256<float> sum0 = default, sum1 = default;
        int i = 0;
        for (; i <= n - 16; i += 16)
        {
            sum0 = Vector256.FusedMultiplyAdd(Vector256.Load(a + i), Vector256.Load(b + i), sum0);
            sum1 = Vector256.FusedMultiplyAdd(Vector256.Load(a + i + 8), Vector256.Load(b + i + 8), sum1);
        }

        float sum = Vector256.Sum(sum0 + sum1);
        for (; i < n; i++) sum += a[i] * b[i];
        return sum;
    }

    /// <summary>y += s · x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(float s, float* x, float* y, int n)
    {
        Vector256<float> factor = Vector256.Create(s);
        int i = 0;
        for (; i <= n - 8; i += 8) Vector256.FusedMultiplyAdd(factor, Vector256.Load(x + i), Vector256.Load(y + i)).Store(y + i);
        for (; i < n; i++) y[i] += s * x[i];
    }

    /// <summary>y = s · x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale(float s, float* x, float* y, int n)
    {
        Vector256<float> factor = Vector256.Create(s);
        int i = 0;
        for (; i <= n - 8; i += 8) (factor * Vector256.Load(x + i)).Store(y + i);
        for (; i < n; i++) y[i] = s * x[i];
    }

    /// <summary>x_i = exp(x_i − shift); returns the sum.</summary>
    public static float Exp(float* x, int n, float shift)
    {
        Vector256<float> sums = default, shifts = Vector256.Create(shift);
        int i = 0;
        for (; i <= n - 8; i += 8)
        {
            Vector256<float> e = Vector256.Exp(Vector256.Load(x + i) - shifts);
            e.Store(x + i);
            sums += e;
        }

        float sum = Vector256.Sum(sums);
        for (; i < n; i++) sum += x[i] = MathF.Exp(x[i] - shift);
        return sum;
    }
}
