using Fathom.Model.Caches;
using Fathom.Model.Layers;

namespace Fathom.Model;

/// <summary>Checks a batch at the door and lays out its rows. What it made for a batch is used again for the next one of the same size, so that decoding allocates nothing.</summary>
internal sealed class PlanBuilder
{
    private Plan? plan;
    private int[] logitRows = [];

    /// <summary>The plan of a batch; it is overwritten by the next one.</summary>
    /// <exception cref="ArgumentException">The batch does not fit the model or a session; nothing was changed.</exception>
    public Plan Build(V4Model model, Batch batch)
    {
        Check(model, batch);
        if (plan is null || plan.Segments.Length != batch.Segments.Count || plan.RowCount != batch.RowCount)
            plan = new Plan { Segments = new Segment[batch.Segments.Count], Tokens = new int[batch.RowCount], Positions = new int[batch.RowCount], Caches = new LayerCache[batch.Segments.Count] };
        for (int s = 0; s < plan.Segments.Length; s++)
        {
            BatchSegment source = batch.Segments[s];
            var session = (V4Session)source.Session;
            plan.Segments[s] = new Segment(session, source.FirstRow, source.Tokens.Length, session.Length);
            source.Tokens.Span.CopyTo(plan.Tokens.AsSpan(source.FirstRow));
            for (int i = 0; i < source.Tokens.Length; i++) plan.Positions[source.FirstRow + i] = session.Length + i;
        }

        return plan;
    }

    /// <summary>Rows of the batch that give logits, ascending; overwritten by the next call.</summary>
    public ReadOnlyMemory<int> RowsWithLogits(Batch batch)
    {
        if (logitRows.Length < batch.RowCount) logitRows = new int[batch.RowCount];
        int count = 0;
        for (int s = 0; s < batch.Segments.Count; s++)
        {
            BatchSegment segment = batch.Segments[s];
            int last = segment.FirstRow + segment.Tokens.Length - 1;
            int first = segment.LogitRows switch { LogitRows.All => segment.FirstRow, LogitRows.Last => last, _ => last + 1 };
            for (int row = first; row <= last; row++) logitRows[count++] = row;
        }

        return logitRows.AsMemory(0, count);
    }

    private static void Check(V4Model model, Batch batch)
    {
        if (batch.RowCount == 0) throw new ArgumentException("A forward needs at least one row.", nameof(batch));
        if (batch.RowCount > model.MaxBatchRows)
            throw new ArgumentException($"The batch has {batch.RowCount} rows and the model takes {model.MaxBatchRows} at once; feed it in several forwards.", nameof(batch));
        for (int s = 0; s < batch.Segments.Count; s++)
        {
            BatchSegment source = batch.Segments[s];
            if (source.Session is not V4Session session || session.Model != model)
                throw new ArgumentException("A session in the batch belongs to another model.", nameof(batch));
            session.ThrowIfDisposed();
            if (source.Tokens.Length > model.MaxPositions - session.Length)
            {
                throw new ArgumentException(
                    $"A session of {session.Length} tokens cannot take {source.Tokens.Length} more: the model has {model.MaxPositions} positions.", nameof(batch));
            }

            CheckTokens(model, source.Tokens.Span);
        }
    }

    /// <summary>Checks the input of an MTP pass.</summary>
    public static void CheckPrediction(V4Model model, Plan plan, ReadOnlySpan<int> nextTokens)
    {
        if (nextTokens.Length != plan.RowCount)
            throw new ArgumentException($"The forward had {plan.RowCount} rows, so the MTP block needs {plan.RowCount} next tokens, not {nextTokens.Length}.", nameof(nextTokens));
        CheckTokens(model, nextTokens);
        foreach (Segment segment in plan.Segments)
        {
            if (segment.Session.Length != segment.EndPosition || segment.Session.PredictionLength != segment.FirstPosition)
            {
                throw new InvalidOperationException(
                    $"The MTP block has seen {segment.Session.PredictionLength} of the {segment.FirstPosition} tokens before these rows; it must be run after every forward of a session.");
            }
        }
    }

    private static void CheckTokens(V4Model model, ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)model.VocabularySize)
                throw new ArgumentException($"Token id {token} is outside the vocabulary of {model.VocabularySize}.", nameof(tokens));
        }
    }
}
