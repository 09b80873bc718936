using System.Runtime.InteropServices;

namespace Fathom.Compute.Memory;

/// <summary>Floats outside the garbage collector's heap, aligned to 64 bytes, that grow on demand and keep no content when they do.</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    private float* data;
    private long capacity;

    /// <summary>Floats that fit at present.</summary>
    public long Capacity => capacity;

    /// <summary>A view of <paramref name="count"/> rows of <paramref name="width"/> floats; grows the buffer when needed, which makes earlier views invalid.</summary>
    /// <exception cref="OutOfMemoryException">The memory is not to be had.</exception>
    public Rows Take(int count, int width)
    {
        long needed = (long)count * width;
        if (needed > capacity)
        {
            Free();
            data = (float*)NativeMemory.AlignedAlloc((nuint)(needed * sizeof(float)), 64);
            capacity = needed;
            GC.AddMemoryPressure(needed * sizeof(float));
        }

        return new Rows(data, count, width);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the memory of a buffer that nobody disposed.</summary>
    ~NativeBuffer() => Free();

    private void Free()
    {
        if (data is null) return;
        NativeMemory.AlignedFree(data);
        GC.RemoveMemoryPressure(capacity * sizeof(float));
        data = null;
        capacity = 0;
    }
}
