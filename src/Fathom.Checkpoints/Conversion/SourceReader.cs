namespace Fathom.Checkpoints.Conversion;

/// <summary>Rows that are read together.</summary>
/// <param name="For">What they are for.</param>
/// <param name="Names">Official names of the tensors; none where nothing is to be read.</param>
/// <param name="FirstRow">The first row; a multiple of 128.</param>
/// <param name="Rows">How many.</param>
/// <param name="IsLast">Whether nothing follows for the same.</param>
internal readonly record struct RowRange<T>(T For, IReadOnlyList<string> Names, int FirstRow, int Rows, bool IsLast);

/// <summary>Reads a checkpoint piece by piece, one piece ahead of its user, so that the disk works while pieces are made into something. Memory is bounded by two pieces.</summary>
/// <param name="source">The checkpoint.</param>
/// <param name="files">Its files.</param>
internal sealed class SourceReader(Checkpoint source, WeightFiles files) : IDisposable
{
    /// <summary>Bytes of a piece, read or made of it, unless 128 rows have more.</summary>
    public const int PieceBytes = 16 << 20;

    // Blocks of FP8 scales are so high.
    private const int RowsOfBand = 128;

    private readonly SourcePiece[] pieces = [new(), new()];

    /// <summary>Reads pieces. Each is valid until the next is asked for; one walk at a time.</summary>
    public IEnumerable<(RowRange<T> Range, SourcePiece Piece)> Read<T>(IEnumerable<RowRange<T>> ranges)
    {
        using IEnumerator<RowRange<T>> next = ranges.GetEnumerator();
        Task reading = Task.CompletedTask;
        try
        {
            bool isMore = next.MoveNext();
            if (isMore) reading = Start(pieces[0], next.Current);
            for (int turn = 0; isMore; turn ^= 1)
            {
                reading.GetAwaiter().GetResult();
                RowRange<T> range = next.Current;
                isMore = next.MoveNext();
                if (isMore) reading = Start(pieces[turn ^ 1], next.Current);
                yield return (range, pieces[turn]);
            }
        }
        finally
        {
            // Whoever stops early must not find the memory still written to.
            Task.WaitAny(reading);
        }
    }

    /// <summary>Divides rows into pieces.</summary>
    /// <param name="rows">All rows.</param>
    /// <param name="rowBytes">Bytes of one, read or made of it, whichever are more.</param>
    public static IEnumerable<(int First, int Count)> Pieces(int rows, long rowBytes)
    {
        int most = (int)Math.Max(RowsOfBand, PieceBytes / Math.Max(1, rowBytes) / RowsOfBand * RowsOfBand);
        for (int first = 0; first < rows; first += Math.Min(most, rows - first)) yield return (first, Math.Min(most, rows - first));
    }

    public void Dispose()
    {
        foreach (SourcePiece piece in pieces) piece.Dispose();
    }

    private Task Start<T>(SourcePiece piece, RowRange<T> range) => Task.Run(() => piece.Read(source, files, range.Names, range.FirstRow, range.Rows));
}
