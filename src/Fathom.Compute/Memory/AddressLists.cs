namespace Fathom.Compute.Memory;

/// <summary>
/// Lists of row addresses in device memory, one list per row or block of a batch: the keys that a query sees, the
/// candidates that a compressed entry pools. Rows from ring buffers, pages and fresh scratch mix freely, so nothing
/// is copied to bring them together.
/// </summary>
public sealed unsafe class AddressLists
{
    private nint[] addresses = new nint[256];
    private int[] starts = new int[17];
    private int[] entryStarts = new int[16];
    private int addressCount;
    private int entriesFrom = -1;

    /// <summary>Number of finished lists.</summary>
    public int Count { get; private set; }

    /// <summary>The longest list.</summary>
    public int LongestList { get; private set; }

    /// <summary>All addresses, list after list.</summary>
    public ReadOnlySpan<nint> Addresses => addresses.AsSpan(0, addressCount);

    /// <summary>Where each list starts in <see cref="Addresses"/>; one more than there are lists.</summary>
    public ReadOnlySpan<int> Starts => starts.AsSpan(0, Count + 1);

    /// <summary>How the rows after <see cref="BeginEntries"/> are stored; the ones before are 32-bit floats.</summary>
    public RowLayout EntryLayout { get; set; }

    /// <summary>Where in <see cref="Addresses"/> the rows of each list begin that are stored as <see cref="EntryLayout"/> says.</summary>
    public ReadOnlySpan<int> EntryStarts => entryStarts.AsSpan(0, Count);

    /// <summary>Forgets all lists, keeps the memory.</summary>
    public void Clear()
    {
        addressCount = 0;
        entriesFrom = -1;
        EntryLayout = default;
        Count = 0;
        LongestList = 0;
        starts[0] = 0;
    }

    /// <summary>Appends an address to the list under construction.</summary>
    public void Add(float* row) => Add((byte*)row);

    /// <summary>Appends an address to the list under construction.</summary>
    public void Add(byte* row)
    {
        if (addressCount == addresses.Length) Array.Resize(ref addresses, addressCount * 2);
        addresses[addressCount++] = (nint)row;
    }

    /// <summary>Says that the rest of the list under construction is stored as <see cref="EntryLayout"/> says.</summary>
    public void BeginEntries() => entriesFrom = addressCount;

    /// <summary>Finishes the list under construction.</summary>
    public void EndList()
    {
        if (Count + 1 == starts.Length)
        {
            Array.Resize(ref starts, starts.Length * 2);
            Array.Resize(ref entryStarts, starts.Length);
        }

        entryStarts[Count] = entriesFrom < 0 ? addressCount : entriesFrom;
        entriesFrom = -1;
        LongestList = Math.Max(LongestList, addressCount - starts[Count]);
        starts[++Count] = addressCount;
    }

    /// <summary>One list as addresses.</summary>
    public ReadOnlySpan<nint> this[int list] => addresses.AsSpan(starts[list], starts[list + 1] - starts[list]);
}
