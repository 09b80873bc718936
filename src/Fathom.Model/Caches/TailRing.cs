using System.Buffers;
using System.Runtime.InteropServices;
using Fathom.Compute.Memory;

namespace Fathom.Model.Caches;

/// <summary>
/// The last rows of a sequence, found by position: the raw window, or a compressor's raw projections. It keeps
/// <see cref="V4Session.RollbackReach"/> rows more than are ever read, so that taking back tokens needs no copy.
/// </summary>
/// <remarks>
/// Rows of a forward are staged and become part of the ring when the forward has succeeded. A few rows are written
/// at once: they only overwrite the reserve. More rows wait in a rented buffer, because they would overwrite rows
/// that a repeated forward needs.
/// </remarks>
internal sealed unsafe class TailRing
{
    private readonly float[] values;
    private readonly float* address;
    private readonly int width;
    private float[]? pending;
    private int pendingFirst;
    private int pendingCount;

    /// <summary>A ring of the last <paramref name="reach"/> rows, plus the reserve for rolling back.</summary>
    public TailRing(int width, int reach)
    {
        this.width = width;
        Capacity = reach + V4Session.RollbackReach;
        values = GC.AllocateArray<float>(Capacity * width, pinned: true);
        address = (float*)Marshal.UnsafeAddrOfPinnedArrayElement(values, 0);
    }

    public int Capacity { get; }

    public long Bytes => (long)values.Length * sizeof(float);

    /// <summary>Address of the row of a position; it holds that row while fewer than <see cref="Capacity"/> rows came after it.</summary>
    public float* At(int position) => address + ((long)(position % Capacity) * width);

    public Span<float> RowAt(int position) => new(At(position), width);

    /// <summary>Takes the rows of positions <paramref name="first"/>…; only the last ones that fit are kept.</summary>
    public void Stage(int first, Rows rows)
    {
        int skipped = Math.Max(0, rows.Count - Capacity), count = rows.Count - skipped;
        if (rows.Count <= V4Session.RollbackReach)
        {
            for (int i = 0; i < count; i++) rows[i].CopyTo(RowAt(first + i));
            return;
        }

        Discard();
        pendingFirst = first + skipped;
        pendingCount = count;
        pending = ArrayPool<float>.Shared.Rent(count * width);
        new ReadOnlySpan<float>(rows.At(skipped), count * width).CopyTo(pending);
    }

    /// <summary>Makes the staged rows part of the ring.</summary>
    public void Commit()
    {
        for (int i = 0; i < pendingCount; i++) pending.AsSpan(i * width, width).CopyTo(RowAt(pendingFirst + i));
        Discard();
    }

    /// <summary>Forgets the staged rows.</summary>
    public void Discard()
    {
        if (pending is not null) ArrayPool<float>.Shared.Return(pending);
        pending = null;
        pendingCount = 0;
    }

    public TailRing Fork()
    {
        var fork = new TailRing(width, Capacity - V4Session.RollbackReach);
        values.AsSpan().CopyTo(fork.values);
        return fork;
    }
}
