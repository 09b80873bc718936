using Fathom.Model.Streaming;

namespace Fathom.Model.Tests;

/// <summary>Logits that are computed slice by slice.</summary>
public sealed class SlicedLogitsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(NumericProfile.Fast)]
    [InlineData(NumericProfile.Plain)]
    [InlineData(NumericProfile.Official)]
    public void Every_slice_has_the_bits_of_the_whole(NumericProfile profile)
    {
        using V4Model model = EquivalenceTests.Open("tiny-fp4", profile, workers: 2);
        int[] tokens = EquivalenceTests.Tokens(model, 150, 1);
        float[] whole = Sequence.Logits(model, tokens, [tokens.Length]);
        foreach (int size in (int[])[1, 7, 64, 150])
        {
            using ISession session = model.CreateSession();
            SlicedLogits sliced = model.ForwardSliced(new Batch().Add(session, tokens, LogitRows.All), TestContext.Current.CancellationToken);
            Assert.Equal((150, 150), (sliced.Rows, session.Length));

            // In any order, since each is computed when it is asked for.
            for (int first = (tokens.Length - 1) / size * size; first >= 0; first -= size)
            {
                Logits slice = sliced.Slice(first, Math.Min(size, tokens.Length - first));
                for (int row = 0; row < slice.Rows; row++) Assert.True(slice[row].SequenceEqual(whole.AsSpan((first + row) * model.VocabularySize, model.VocabularySize)));
            }
        }
    }

    [Fact]
    public void Slices_of_an_earlier_forward_and_rows_that_are_not_there_are_refused()
    {
        using V4Model model = EquivalenceTests.Open("tiny-fp4", NumericProfile.Fast, workers: 1);
        using ISession session = model.CreateSession();
        SlicedLogits last = model.ForwardSliced(new Batch().Add(session, new[] { 1, 2, 3 }), TestContext.Current.CancellationToken);
        Assert.Equal(1, last.Rows);
        Assert.Throws<ArgumentOutOfRangeException>(() => last.Slice(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => last.Slice(-1, 1));
        Assert.Equal(0, last.Slice(1, 0).Rows);
        Logits next = model.Forward(new Batch().Add(session, new[] { 4 }), TestContext.Current.CancellationToken);
        Assert.Contains("earlier forward", Assert.Throws<InvalidOperationException>(() => last.Slice(0, 1)).Message, StringComparison.Ordinal);
        Assert.Equal(model.VocabularySize, next[0].Length);
    }

    [Fact]
    public void The_prediction_block_goes_on_after_a_sliced_forward()
    {
        using V4Model model = EquivalenceTests.Open("tiny-fp4", NumericProfile.Fast, workers: 1);
        int[] tokens = EquivalenceTests.Tokens(model, 9, 1);
        float[] Predict(bool isSliced)
        {
            using ISession session = model.CreateSession();
            Batch batch = new Batch().Add(session, tokens.AsMemory(0, 8), LogitRows.All);
            if (isSliced) model.ForwardSliced(batch, TestContext.Current.CancellationToken);
            else model.Forward(batch, TestContext.Current.CancellationToken);
            return model.PredictAfterNext(tokens.AsSpan(1))[7].ToArray();
        }

        Assert.Equal(Predict(isSliced: false), Predict(isSliced: true));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(512)]
    public void A_sliced_forward_takes_no_more_than_planned(int rows)
    {
        using V4Model model = V4Model.Open(SmallStream.Write(folder.Path), new V4ModelOptions { MaxBatchRows = rows, Reserve = new MemoryReserve { ContextTokens = 1024, LogitRows = SlicedLogits.UsualRows } });
        using ISession session = model.CreateSession();
        int[] tokens = EquivalenceTests.Tokens(model, 1024, 1);
        for (int first = 0; first < tokens.Length; first += rows)
        {
            SlicedLogits sliced = model.ForwardSliced(new Batch().Add(session, tokens.AsMemory(first, rows), LogitRows.All), TestContext.Current.CancellationToken);
            for (int row = 0; row < rows; row += SlicedLogits.UsualRows) sliced.Slice(row, SlicedLogits.UsualRows);
        }

        Assert.InRange(model.WorkspaceBytes, 1, model.MemoryPlan.WorkingBytes);
    }
}
