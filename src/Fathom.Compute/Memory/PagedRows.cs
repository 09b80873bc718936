namespace Fathom.Compute.Memory;

/// <summary>
/// A growing table of equally wide rows, kept in pages that never move, so that row addresses stay valid and
/// growing copies nothing. A fork shares the pages; whoever writes to a shared page gets a copy of it first.
/// </summary>
/// <remarks>Written by the forward that owns the session; read by kernels of the same forward only.</remarks>
public sealed unsafe class PagedRows
{
    /// <summary>Rows per page.</summary>
    public const int RowsPerPage = 64;

    private readonly List<Page> pages = [];

    /// <summary>An empty table.</summary>
    /// <param name="width">Floats per row.</param>
    public PagedRows(int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        Width = width;
    }

    /// <summary>Floats per row.</summary>
    public int Width { get; }

    /// <summary>Bytes of all pages, shared ones counted fully.</summary>
    public long Bytes => (long)pages.Count * RowsPerPage * Width * sizeof(float);

    /// <summary>Address of a row for reading.</summary>
    /// <param name="row">A row that was written before.</param>
    public float* At(int row) => pages[row / RowsPerPage].Address + ((long)(row % RowsPerPage) * Width);

    /// <summary>Address of a row for writing; adds pages up to it and copies its page when a fork shares it.</summary>
    public float* Writable(int row)
    {
        int index = row / RowsPerPage;
        while (pages.Count <= index) pages.Add(new Page(RowsPerPage * Width));
        if (pages[index].IsShared) pages[index] = pages[index].Copy();
        return pages[index].Address + ((long)(row % RowsPerPage) * Width);
    }

    /// <summary>A table with the same rows that shares this one's pages.</summary>
    public PagedRows Fork()
    {
        var fork = new PagedRows(Width);
        foreach (Page page in pages)
        {
            page.IsShared = true;
            fork.pages.Add(page);
        }

        return fork;
    }

    /// <summary>Drops the pages that hold only rows from <paramref name="rows"/> on.</summary>
    public void Trim(int rows)
    {
        int kept = (rows + RowsPerPage - 1) / RowsPerPage;
        if (kept < pages.Count) pages.RemoveRange(kept, pages.Count - kept);
    }

    private sealed class Page
    {
        private readonly float[] values;

        public Page(int length)
        {
            // The pinned heap keeps the address fixed; the collector frees the page when no table holds it.
            values = GC.AllocateUninitializedArray<float>(length, pinned: true);
            Address = (float*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(values, 0);
        }

        public float* Address { get; }

        // Once shared, a page stays so for ever: at worst one copy too many is made, never one too few.
        public bool IsShared { get; set; }

        public Page Copy()
        {
            var copy = new Page(values.Length);
            values.AsSpan().CopyTo(copy.values);
            return copy;
        }
    }
}
