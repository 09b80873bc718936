namespace Fathom.Model.Tests;

/// <summary>Ways of feeding a sequence of tokens to a model; all return the logits of every position, one after the other.</summary>
internal static class Sequence
{
    /// <summary>Feeds a fresh session in pieces of the given lengths.</summary>
    public static float[] Logits(V4Model model, int[] tokens, IEnumerable<int> pieces)
    {
        using ISession session = model.CreateSession();
        return Continue(model, session, tokens, pieces);
    }

    /// <summary>Feeds a session in pieces of the given lengths.</summary>
    public static float[] Continue(V4Model model, ISession session, int[] tokens, IEnumerable<int> pieces)
    {
        var result = new List<float>();
        int done = 0;
        foreach (int piece in pieces)
        {
            Logits logits = model.Forward(new Batch().Add(session, tokens.AsMemory(done, piece), LogitRows.All));
            for (int row = 0; row < logits.Rows; row++) result.AddRange(logits[row]);
            done += piece;
        }

        Assert.Equal(tokens.Length, done);
        return [.. result];
    }

    /// <summary>Feeds several sequences in shared forwards; each step takes a piece of each whose length the caller draws.</summary>
    public static float[][] Together(V4Model model, int[][] sequences, Func<int> nextPiece)
    {
        ISession[] sessions = [.. sequences.Select(_ => model.CreateSession())];
        var results = sequences.Select(_ => new List<float>()).ToArray();
        while (true)
        {
            var batch = new Batch();
            var members = new List<(int Sequence, int Rows)>();
            for (int i = 0; i < sequences.Length; i++)
            {
                int left = sequences[i].Length - sessions[i].Length;
                int piece = Math.Min(left, nextPiece());
                if (piece == 0) continue;
                batch.Add(sessions[i], sequences[i].AsMemory(sessions[i].Length, piece), LogitRows.All);
                members.Add((i, piece));
            }

            if (members.Count == 0) return [.. results.Select(list => list.ToArray())];
            Logits logits = model.Forward(batch);
            int row = 0;
            foreach ((int sequence, int rows) in members)
            {
                for (int i = 0; i < rows; i++, row++) results[sequence].AddRange(logits[row]);
            }
        }
    }

    /// <summary>Equal pieces, the last one shorter.</summary>
    public static IEnumerable<int> Even(int length, int piece)
    {
        for (int done = 0; done < length; done += piece) yield return Math.Min(piece, length - done);
    }

    /// <summary>The given pieces, repeated and cut so that they make up the length.</summary>
    public static IEnumerable<int> Fit(int[] pieces, int length)
    {
        int done = 0;
        for (int i = 0; done < length; i++)
        {
            int piece = Math.Min(pieces[i % pieces.Length], length - done);
            done += piece;
            yield return piece;
        }
    }
}
