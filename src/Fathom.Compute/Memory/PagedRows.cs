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
    /// <param name="layout">How its rows are stored.</param>
    public PagedRows(RowLayout layout)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layout.Width, nameof(layout));
        Layout = layout;
    }

    /// <summary>How rows are stored.</summary>
    public RowLayout Layout { get; }

    /// <summary>Bytes of all pages, shared ones counted fully.</summary>
    public long Bytes => (long)pages.Count * PageBytes;

    private int PageBytes => RowsPerPage * Layout.RowBytes;

    /// <summary>Address of the page that holds a row that was written before.</summary>
    public byte* PageOf(int row) => pages[row / RowsPerPage].Address;

    /// <summary>Address of a row that was written before; in <see cref="RowFormat.Fp4"/> rows have none.</summary>
    public byte* At(int row) => PageOf(row) + ((long)(row % RowsPerPage) * Layout.RowBytes);

    /// <summary>Writes a row, rounded to the table's format; adds pages up to it and copies its page when a fork shares it.</summary>
    public void Write(int row, ReadOnlySpan<float> values) => Layout.Encode(WritablePage(row), row % RowsPerPage, values);

    /// <summary>Copies out the bytes of a row, [<see cref="RowLayout.RowBytes"/>].</summary>
    public void Load(int row, Span<byte> bytes) => Layout.Load(PageOf(row), row % RowsPerPage, bytes);

    /// <summary>Writes a row from its bytes.</summary>
    public void Store(int row, ReadOnlySpan<byte> bytes) => Layout.Store(WritablePage(row), row % RowsPerPage, bytes);

    /// <summary>A table with the same rows that shares this one's pages.</summary>
    public PagedRows Fork()
    {
        var fork = new PagedRows(Layout);
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

    private byte* WritablePage(int row)
    {
        int index = row / RowsPerPage;
        while (pages.Count <= index) pages.Add(new Page(PageBytes));
        if (pages[index].IsShared) pages[index] = pages[index].Copy();
        return pages[index].Address;
    }

    private sealed class Page
    {
        private readonly byte[] values;

        public Page(int length)
        {
            // The pinned heap keeps the address fixed; the collector frees the page when no table holds it.
            values = GC.AllocateArray<byte>(length, pinned: true);
            Address = (byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(values, 0);
        }

        public byte* Address { get; }

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
