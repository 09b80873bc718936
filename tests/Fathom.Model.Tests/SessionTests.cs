using CsCheck;

namespace Fathom.Model.Tests;

/// <summary>Forks, rollbacks and snapshots go on bit for bit like a session that was never touched.</summary>
public sealed class SessionTests
{
    public static TheoryData<string> Checkpoints => ["tiny-bf16", "tiny-fp4"];

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void A_fork_and_its_origin_go_their_own_ways(string checkpoint)
    {
        using V4Model model = EquivalenceTests.Open(checkpoint, NumericProfile.Plain);
        int[] common = EquivalenceTests.Tokens(model, 259, 1), left = EquivalenceTests.Tokens(model, 70, 2), right = EquivalenceTests.Tokens(model, 90, 3);
        float[] wholeLeft = Tail(model, [.. common, .. left], left.Length), wholeRight = Tail(model, [.. common, .. right], right.Length);

        using ISession origin = model.CreateSession();
        model.Forward(new Batch().Add(origin, common));
        using ISession fork = origin.Fork();
        Assert.Equal(wholeLeft, Sequence.Continue(model, origin, left, Sequence.Even(left.Length, 1)));
        Assert.Equal(wholeRight, Sequence.Continue(model, fork, right, Sequence.Even(right.Length, 7)));
    }

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void After_a_rollback_the_session_continues_as_if_the_tokens_had_never_been(string checkpoint)
    {
        using V4Model model = EquivalenceTests.Open(checkpoint, NumericProfile.Plain);
        int[] tokens = EquivalenceTests.Tokens(model, 320, 4), wrong = EquivalenceTests.Tokens(model, 16, 5);
        float[] whole = Sequence.Logits(model, tokens, [tokens.Length]);

        // Kept length, tokens taken back, and the size of the pieces that the wrong tokens came in.
        Gen.Select(Gen.Int[1, 300], Gen.Int[1, 16], Gen.Int[1, 16]).Sample(
            (kept, back, piece) =>
            {
                using ISession session = model.CreateSession();
                model.Forward(new Batch().Add(session, tokens.AsMemory(0, kept)));
                Sequence.Continue(model, session, wrong[..back], Sequence.Even(back, piece));
                Assert.Equal(Math.Min(16, session.Length), session.MaxRollback);
                session.Rollback(back);
                Assert.Equal(kept, session.Length);
                float[] rest = Sequence.Continue(model, session, tokens[kept..], Sequence.Even(tokens.Length - kept, 33));
                Assert.Equal(whole.AsSpan(kept * model.VocabularySize).ToArray(), rest);
            },
            iter: 60, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void A_rollback_after_a_long_chunk_works_too(string checkpoint)
    {
        using V4Model model = EquivalenceTests.Open(checkpoint, NumericProfile.Plain);
        int[] tokens = EquivalenceTests.Tokens(model, 280, 6);
        float[] whole = Sequence.Logits(model, tokens, [tokens.Length]);
        using ISession session = model.CreateSession();
        model.Forward(new Batch().Add(session, tokens.AsMemory(0, 263)));
        session.Rollback(16);
        float[] rest = Sequence.Continue(model, session, tokens[247..], Sequence.Even(33, 1));
        Assert.Equal(whole.AsSpan(247 * model.VocabularySize).ToArray(), rest);
    }

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void Rolling_back_a_fork_leaves_the_origin_alone(string checkpoint)
    {
        using V4Model model = EquivalenceTests.Open(checkpoint, NumericProfile.Plain);
        int[] tokens = EquivalenceTests.Tokens(model, 330, 7), other = EquivalenceTests.Tokens(model, 40, 8);
        float[] whole = Sequence.Logits(model, tokens, [tokens.Length]);
        using ISession origin = model.CreateSession();
        model.Forward(new Batch().Add(origin, tokens.AsMemory(0, 257)));
        using ISession fork = origin.Fork();
        fork.Rollback(9);
        model.Forward(new Batch().Add(fork, other));
        float[] rest = Sequence.Continue(model, origin, tokens[257..], Sequence.Even(73, 5));
        Assert.Equal(whole.AsSpan(257 * model.VocabularySize).ToArray(), rest);
    }

    [Theory]
    [InlineData("tiny-bf16", 0)]
    [InlineData("tiny-bf16", 128)]
    [InlineData("tiny-bf16", 384)]
    [InlineData("tiny-fp4", 128)]
    [InlineData("tiny-fp4", 256)]
    public void A_restored_snapshot_continues_bit_for_bit(string checkpoint, int length)
    {
        using V4Model model = EquivalenceTests.Open(checkpoint, NumericProfile.Plain);
        int[] tokens = EquivalenceTests.Tokens(model, length + 300, 9);
        float[] whole = Sequence.Logits(model, tokens, Sequence.Even(tokens.Length, 500));
        using var stream = new MemoryStream();
        using (ISession session = model.CreateSession())
        {
            if (length > 0) model.Forward(new Batch().Add(session, tokens.AsMemory(0, length)));
            session.WriteSnapshot(stream);
        }

        // Another process would open the checkpoint anew; the snapshot must fit there too.
        using V4Model reopened = EquivalenceTests.Open(checkpoint, NumericProfile.Plain);
        using ISession restored = reopened.CreateSession();
        stream.Position = 0;
        restored.ReadSnapshot(stream);
        Assert.Equal(length, restored.Length);
        Assert.Equal(0, restored.MaxRollback);
        float[] rest = Sequence.Continue(reopened, restored, tokens[length..], Sequence.Even(300, 1));
        Assert.Equal(whole.AsSpan(length * model.VocabularySize).ToArray(), rest);
    }

    [Fact]
    public void The_MTP_block_is_forked_rolled_back_and_restored_with_its_session()
    {
        using V4Model model = EquivalenceTests.Open("tiny-fp4", NumericProfile.Plain);
        int[] tokens = EquivalenceTests.Tokens(model, 200, 10);
        float[] whole = Predictions(model, tokens, 0, [199]);
        using ISession session = model.CreateSession();
        Predict(model, session, tokens, 0, 128);
        using var stream = new MemoryStream();
        session.WriteSnapshot(stream);
        Predict(model, session, tokens, 128, 10);
        session.Rollback(6);
        using ISession fork = session.Fork();
        Assert.Equal(whole.AsSpan(132 * model.VocabularySize, 20 * model.VocabularySize).ToArray(), Predict(model, fork, tokens, 132, 20));

        using ISession restored = model.CreateSession();
        stream.Position = 0;
        restored.ReadSnapshot(stream);
        Assert.Equal(whole.AsSpan(128 * model.VocabularySize, 30 * model.VocabularySize).ToArray(), Predict(model, restored, tokens, 128, 30));
    }

    [Fact]
    public void A_session_that_missed_an_MTP_pass_is_told_so()
    {
        using V4Model model = EquivalenceTests.Open("tiny-fp4", NumericProfile.Plain);
        using ISession session = model.CreateSession();
        model.Forward(new Batch().Add(session, new[] { 1, 2, 3 }));
        model.Forward(new Batch().Add(session, new[] { 4 }));
        var error = Assert.Throws<InvalidOperationException>(() => model.PredictAfterNext([5]));
        Assert.Contains("has seen 0 of the 3 tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_and_foreign_snapshots_are_refused_and_change_nothing()
    {
        using V4Model model = EquivalenceTests.Open("tiny-fp4", NumericProfile.Plain), other = EquivalenceTests.Open("tiny-fp4", NumericProfile.Official);
        using ISession session = model.CreateSession();
        int[] tokens = EquivalenceTests.Tokens(model, 128, 11);
        model.Forward(new Batch().Add(session, tokens));
        var stream = new MemoryStream();
        session.WriteSnapshot(stream);
        byte[] good = stream.ToArray();

        using ISession target = model.CreateSession();
        model.Forward(new Batch().Add(target, tokens.AsMemory(0, 5)));
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Int[1, 255], Gen.Bool).Sample(
            (place, change, cut) =>
            {
                byte[] bad = cut ? good[..place] : [.. good];
                if (!cut) bad[place] ^= (byte)change;
                Assert.Throws<InvalidDataException>(() => target.ReadSnapshot(new MemoryStream(bad)));
                Assert.Equal(5, target.Length);
            },
            iter: 100, threads: 1);
        using ISession foreign = other.CreateSession();
        Assert.Contains(
            "another checkpoint, numeric profile or cache format",
            Assert.Throws<InvalidDataException>(() => foreign.ReadSnapshot(new MemoryStream(good))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_taken_back_or_written_is_refused()
    {
        using V4Model model = EquivalenceTests.Open("tiny-bf16", NumericProfile.Plain);
        using ISession session = model.CreateSession();
        model.Forward(new Batch().Add(session, new int[129]));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.WriteSnapshot(new MemoryStream(), 130));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Rollback(17));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Rollback(-1));
    }

    // Every length modulo 4, around every border of a block of 128 and of the window; in one piece and as a chain.
    [Theory]
    [InlineData("tiny-bf16")]
    [InlineData("tiny-fp4")]
    public void Snapshots_of_any_length_in_pieces_too_continue_bit_for_bit(string checkpoint)
    {
        using V4Model model = EquivalenceTests.Open(checkpoint, NumericProfile.Plain);
        int[] tokens = EquivalenceTests.Tokens(model, 420, 21);
        float[] whole = Sequence.Logits(model, tokens, [tokens.Length]);
        int[] lengths = [1, 2, 3, 4, 5, 63, 64, 65, 126, 127, 128, 129, 130, 131, 132, 200, 255, 256, 257, 259, 383, 384, 385, 386];
        using ISession session = model.CreateSession();
        ISession chain = model.CreateSession();
        int done = 0;
        foreach (int length in lengths)
        {
            model.Forward(new Batch().Add(session, tokens.AsMemory(done, length - done)));
            using MemoryStream full = Snapshot(session, 0), since = Snapshot(session, done);
            Assert.True(since.Length <= full.Length);
            using ISession restored = model.CreateSession();
            restored.ReadSnapshot(full);
            chain.ReadSnapshot(since);
            foreach (ISession one in new[] { restored, chain.Fork() })
            {
                Assert.Equal(length, one.Length);
                float[] rest = Sequence.Continue(model, one, tokens[length..Math.Min(length + 33, tokens.Length)], [1, 32]);
                Assert.Equal(whole.AsSpan(length * model.VocabularySize, rest.Length).ToArray(), rest);
            }

            done = length;
        }

        using ISession elsewhere = model.CreateSession();
        Assert.Contains("goes on from 257 tokens, but the session has 0", Assert.Throws<InvalidDataException>(() => elsewhere.ReadSnapshot(Snapshot(session, 257))).Message, StringComparison.Ordinal);
    }

    private static MemoryStream Snapshot(ISession session, int since)
    {
        var stream = new MemoryStream();
        session.WriteSnapshot(stream, since);
        stream.Position = 0;
        return stream;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(200)]
    public void A_cancelled_forward_leaves_the_session_as_it_was(int rows)
    {
        using V4Model model = EquivalenceTests.Open("tiny-fp4", NumericProfile.Plain);
        int[] tokens = EquivalenceTests.Tokens(model, 400, 12);
        float[] whole = Sequence.Logits(model, tokens, [tokens.Length]);
        using ISession session = model.CreateSession();
        model.Forward(new Batch().Add(session, tokens.AsMemory(0, 150)));
        for (int layer = 0; layer < model.Config.LayerCount; layer++)
        {
            using var cancel = new CancellationTokenSource();
            model.Observer = new CancelAfterLayer(layer, cancel);
            int[] wrong = EquivalenceTests.Tokens(model, rows, 13 + layer);
            if (layer < model.Config.LayerCount - 1)
                Assert.Throws<OperationCanceledException>(() => model.Forward(new Batch().Add(session, wrong), cancel.Token));
            Assert.Equal(150, session.Length);
        }

        model.Observer = null;
        float[] rest = Sequence.Continue(model, session, tokens[150..], Sequence.Even(250, 50));
        Assert.Equal(whole.AsSpan(150 * model.VocabularySize).ToArray(), rest);
    }

    [Fact]
    public void Bad_batches_are_refused_at_the_door()
    {
        using V4Model model = EquivalenceTests.Open("tiny-bf16", NumericProfile.Plain), other = EquivalenceTests.Open("tiny-bf16", NumericProfile.Plain);
        using ISession session = model.CreateSession(), stranger = other.CreateSession();
        Assert.Throws<ArgumentException>(() => model.Forward(new Batch()));
        Assert.Throws<ArgumentException>(() => model.Forward(new Batch().Add(session, new[] { model.VocabularySize })));
        Assert.Throws<ArgumentException>(() => model.Forward(new Batch().Add(session, new[] { -1 })));
        Assert.Throws<ArgumentException>(() => model.Forward(new Batch().Add(stranger, new[] { 1 })));
        Assert.Throws<ArgumentException>(() => new Batch().Add(session, new[] { 1 }).Add(session, new[] { 1 }));
        Assert.Throws<ArgumentException>(() => new Batch().Add(session, ReadOnlyMemory<int>.Empty));
        for (int done = 0; done < model.MaxPositions; done += 256) model.Forward(new Batch().Add(session, new int[256], LogitRows.None));
        Assert.Contains("1024 positions", Assert.Throws<ArgumentException>(() => model.Forward(new Batch().Add(session, new[] { 1 }))).Message, StringComparison.Ordinal);
        Assert.Equal(model.MaxPositions, session.Length);
    }

    private static float[] Tail(V4Model model, int[] tokens, int count) =>
        Sequence.Logits(model, tokens, [tokens.Length]).AsSpan((tokens.Length - count) * model.VocabularySize).ToArray();

    private static float[] Predictions(V4Model model, int[] tokens, int from, int[] pieces)
    {
        using ISession session = model.CreateSession();
        return [.. pieces.SelectMany(piece => Predict(model, session, tokens, from, piece))];
    }

    private static float[] Predict(V4Model model, ISession session, int[] tokens, int from, int count)
    {
        model.Forward(new Batch().Add(session, tokens.AsMemory(from, count), LogitRows.All));
        Logits logits = model.PredictAfterNext(tokens.AsSpan(from + 1, count));
        return [.. Enumerable.Range(0, logits.Rows).SelectMany(row => logits[row].ToArray())];
    }

    private sealed class CancelAfterLayer(int layer, CancellationTokenSource source) : IForwardObserver
    {
        public void OnAttention(int index, Compute.Memory.Rows output)
        {
        }

        public void OnExperts(int index, Compute.Memory.Rows output)
        {
        }

        public void OnRouting(int index, ReadOnlySpan<int> experts, ReadOnlySpan<float> weights, int k)
        {
        }

        public void OnPicks(int index, ReadOnlySpan<int> picks, int k)
        {
        }

        public void OnStreams(int index, Compute.Memory.Rows streams)
        {
            if (index == layer) source.Cancel();
        }
    }
}
