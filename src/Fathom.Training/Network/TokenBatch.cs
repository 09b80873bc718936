namespace Fathom.Training.Network;

/// <summary>
/// Rows of tokens in which documents are packed one after the other. Every document begins at a multiple of the largest
/// compression ratio, so that its blocks are its own (architecture specification, section 9.9: window, blocks, positions
/// and compressor state start anew with each sample).
/// </summary>
/// <param name="Tokens">Token ids, int64 [B, T].</param>
/// <param name="Starts">For each place the place where its document begins, int64 [B, T].</param>
/// <param name="Positions">Positions for the rotation: place in the document plus its offset, int64 [B, T].</param>
internal sealed record TokenBatch(Tensor Tokens, Tensor Starts, Tensor Positions)
{
    public long Rows => Tokens.shape[0];

    public long Length => Tokens.shape[1];

    /// <summary>One document that fills one row.</summary>
    public static TokenBatch Of(ReadOnlySpan<int> tokens)
    {
        var ids = new long[tokens.Length];
        for (int i = 0; i < ids.Length; i++) ids[i] = tokens[i];
        return new TokenBatch(tensor(ids).unsqueeze(0), zeros(1, ids.Length, int64), arange(ids.Length, int64).unsqueeze(0));
    }
}
