using Fathom.Model;

namespace Fathom.Inference.Tests;

/// <summary>A model whose logits a test decides, from all tokens of a session.</summary>
internal sealed class ScriptedModel(int vocabulary, Func<IReadOnlyList<int>, float[]> logitsAfter, int maxPositions = 4096, int maxBatchRows = 16) : ILanguageModel
{
    /// <summary>Tokens of every forward, in order.</summary>
    public List<int[]> Fed { get; } = [];

    public int VocabularySize => vocabulary;

    public ReadOnlyMemory<byte> Identity { get; } = new byte[32];

    public int MaxPositions => maxPositions;

    public int MaxBatchRows => maxBatchRows;

    /// <summary>Makes an answer: after the prompt come these tokens, then the end token.</summary>
    public static ScriptedModel Answering(int vocabulary, int endToken, params int[][] answers)
    {
        // An answer begins after the assistant's marker and the think tag; its number is the turn's.
        return new ScriptedModel(vocabulary, tokens =>
        {
            int start = tokens.Count - 1;
            while (start >= 0 && tokens[start] != 128804) start--;
            int turn = tokens.Count(token => token == 128804) - 1;
            int[] answer = answers[Math.Clamp(turn, 0, answers.Length - 1)];
            int at = tokens.Count - 2 - start;
            var logits = new float[vocabulary];
            logits[at < answer.Length ? answer[at] : endToken] = 50f;
            return logits;
        });
    }

    public ISession CreateSession() => new Session([]);

    public Logits Forward(Batch batch, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        var rows = new List<float[]>();
        foreach (BatchSegment segment in batch.Segments)
        {
            var session = (Session)segment.Session;
            Fed.Add(segment.Tokens.ToArray());
            foreach (int token in segment.Tokens.Span)
            {
                session.Tokens.Add(token);
                if (segment.LogitRows == LogitRows.All) rows.Add(logitsAfter(session.Tokens));
            }

            if (segment.LogitRows == LogitRows.Last) rows.Add(logitsAfter(session.Tokens));
        }

        return new Logits(rows.SelectMany(row => row).ToArray(), rows.Count, vocabulary);
    }

    public void Dispose()
    {
    }

    private sealed class Session(List<int> tokens) : ISession
    {
        public List<int> Tokens { get; } = tokens;

        public int Length => Tokens.Count;

        public long CacheBytes => Tokens.Count;

        public long SharedBytes => Tokens.Count;

        public int MaxRollback => Math.Min(16, Tokens.Count);

        public ISession Fork() => new Session([.. Tokens]);

        public void Rollback(int tokens)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, MaxRollback);
            Tokens.RemoveRange(Tokens.Count - tokens, tokens);
        }

        public void WriteSnapshot(Stream destination, int since = 0)
        {
            using var writer = new BinaryWriter(destination, System.Text.Encoding.UTF8, leaveOpen: true);
            writer.Write(since);
            writer.Write(Tokens.Count);
            foreach (int token in Tokens.Skip(since)) writer.Write(token);
        }

        public void ReadSnapshot(Stream source)
        {
            using var reader = new BinaryReader(source, System.Text.Encoding.UTF8, leaveOpen: true);
            int since = reader.ReadInt32(), length = reader.ReadInt32();
            if (since > 0 && since != Tokens.Count) throw new InvalidDataException("goes on from elsewhere");
            if (since == 0) Tokens.Clear();
            for (int i = since; i < length; i++) Tokens.Add(reader.ReadInt32());
        }

        public void Dispose()
        {
        }
    }
}
