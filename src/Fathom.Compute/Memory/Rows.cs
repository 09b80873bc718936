using System.Diagnostics;

namespace Fathom.Compute.Memory;

/// <summary>
/// A borrowed view of <see cref="Count"/> rows of <see cref="Width"/> floats, one after the other in memory that
/// does not move. Whoever owns the memory keeps it alive while the view is used; a view is never stored.
/// </summary>
public readonly unsafe struct Rows
{
    /// <summary>Wraps memory of at least <paramref name="count"/> × <paramref name="width"/> floats.</summary>
    public Rows(float* data, int count, int width)
    {
        Data = data;
        Count = count;
        Width = width;
    }

    /// <summary>Address of the first float.</summary>
    public float* Data { get; }

    /// <summary>Number of rows.</summary>
    public int Count { get; }

    /// <summary>Floats per row.</summary>
    public int Width { get; }

    /// <summary>One row, [<see cref="Width"/>].</summary>
    public Span<float> this[int row] => new(At(row), Width);

    /// <summary>Address of one row.</summary>
    public float* At(int row)
    {
        Debug.Assert((uint)row < (uint)Count, "row outside the view");
        return Data + ((long)row * Width);
    }

    /// <summary>The rows <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> − 1.</summary>
    public Rows Slice(int first, int count)
    {
        Debug.Assert(first >= 0 && count >= 0 && first + count <= Count, "slice outside the view");
        return new Rows(Data + ((long)first * Width), count, Width);
    }

    /// <summary>The same memory seen as rows of another width.</summary>
    public Rows Reshape(int width)
    {
        Debug.Assert((long)Count * Width % width == 0, "the width must divide the content");
        return new Rows(Data, (int)((long)Count * Width / width), width);
    }
}
