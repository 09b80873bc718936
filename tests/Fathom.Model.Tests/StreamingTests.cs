using Fathom.Model.Streaming;

namespace Fathom.Model.Tests;

/// <summary>A model whose experts come from disk says bit for bit what it says from memory.</summary>
public sealed class StreamingTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(0, NumericProfile.Fast, true)]
    [InlineData(0, NumericProfile.Official, true)]
    [InlineData(9, NumericProfile.Plain, true)]
    [InlineData(40, NumericProfile.Fast, false)]
    public void Prompts_and_decoded_tokens_have_the_same_bits(int moreSlots, NumericProfile profile, bool readsExpected)
    {
        string path = SmallStream.Write(folder);
        using V4Model resident = SmallStream.OpenResident(path, profile), streamed = SmallStream.Open(path, moreSlots, profile, readsExpected: readsExpected);
        Assert.Null(resident.Streaming);
        int[] tokens = EquivalenceTests.Tokens(resident, 190, 1);
        foreach (int[] pieces in (int[][])[[64], [1], [7, 1, 40, 2]])
            Assert.Equal(Sequence.Logits(resident, tokens, Sequence.Fit(pieces, tokens.Length)), Sequence.Logits(streamed, tokens, Sequence.Fit(pieces, tokens.Length)));

        ExpertStreamStatistics seen = streamed.Streaming!;
        Assert.Equal(4 + moreSlots, seen.Slots);
        Assert.Equal(3 * tokens.Length, seen.Tokens);
        Assert.True(seen.Misses > 0 && seen.BytesRead > 0 && seen.ReadTime > TimeSpan.Zero);
        Assert.Equal(readsExpected, seen.Prefetched > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_gguf_file_is_streamed_with_the_same_bits(bool isSplit)
    {
        byte[][] files = SmallGguf.Convert(SmallStream.Write(folder), isSplit: isSplit);
        string PathOf(int part) => Path.Combine(folder, isSplit ? $"x-{part + 1:d5}-of-00002.gguf" : "x.gguf");
        for (int i = 0; i < files.Length; i++) File.WriteAllBytes(PathOf(i), files[i]);
        using V4Model resident = SmallStream.OpenResident(PathOf(0)), streamed = SmallStream.Open(PathOf(0), moreSlots: 3);
        int[] tokens = EquivalenceTests.Tokens(resident, 90, 2);
        foreach (int piece in (int[])[1, 45]) Assert.Equal(Sequence.Logits(resident, tokens, Sequence.Even(90, piece)), Sequence.Logits(streamed, tokens, Sequence.Even(90, piece)));
        Assert.True(streamed.Streaming!.Misses > 0);
    }

    [Fact]
    public void Sessions_in_a_batch_and_the_prediction_block_have_the_same_bits()
    {
        string path = SmallStream.Write(folder);
        using V4Model resident = SmallStream.OpenResident(path), streamed = SmallStream.Open(path);
        int[][] sequences = [EquivalenceTests.Tokens(resident, 60, 3), EquivalenceTests.Tokens(resident, 75, 4), EquivalenceTests.Tokens(resident, 30, 5)];
        var one = new Random(6);
        var other = new Random(6);
        Assert.Equal(Sequence.Together(resident, sequences, () => one.Next(0, 12)), Sequence.Together(streamed, sequences, () => other.Next(0, 12)));

        using ISession a = resident.CreateSession(), b = streamed.CreateSession();
        foreach ((V4Model model, ISession session) in ((V4Model, ISession)[])[(resident, a), (streamed, b)]) model.Forward(new Batch().Add(session, sequences[0], LogitRows.All));
        float[] Drafted(V4Model model)
        {
            Logits logits = model.PredictAfterNext(sequences[1].AsSpan(0, 60));
            return [.. Enumerable.Range(0, 60).SelectMany(row => logits[row].ToArray())];
        }

        Assert.Equal(Drafted(resident), Drafted(streamed));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public void A_chunk_of_a_prompt_reads_each_expert_at_most_once(int moreSlots)
    {
        string path = SmallStream.Write(folder);
        using V4Model streamed = SmallStream.Open(path, moreSlots, files: WatchedFiles.Over(out Func<WatchedFiles> watched));
        using ISession session = streamed.CreateSession();
        for (int chunk = 0; chunk < 4; chunk++)
        {
            streamed.Forward(new Batch().Add(session, EquivalenceTests.Tokens(streamed, 64, chunk)));
            Assert.InRange(watched().MostReadsOfAPlace, 1, 1);
        }

        ExpertStreamStatistics seen = streamed.Streaming!;
        Assert.InRange(seen.Misses, 1, (4 * 64) - seen.Hits);
    }
}
