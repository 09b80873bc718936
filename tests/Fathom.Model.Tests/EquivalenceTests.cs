using CsCheck;

namespace Fathom.Model.Tests;

/// <summary>However a sequence is fed, alone or in company, whole or in pieces, its logits are the same.</summary>
public sealed class EquivalenceTests
{
    private static readonly int[] AwkwardChunks = [1, 3, 4, 5, 127, 128, 129];

    public static TheoryData<string, NumericProfile> Models => new()
    {
        { "tiny-bf16", NumericProfile.Plain },
        { "tiny-fp4", NumericProfile.Plain },
        { "tiny-fp4", NumericProfile.Official },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void Chunks_of_awkward_sizes_give_the_logits_of_one_forward(string checkpoint, NumericProfile profile)
    {
        using V4Model model = Open(checkpoint, profile);
        int[] tokens = Tokens(model, 391, seed: 1);
        float[] whole = Sequence.Logits(model, tokens, [tokens.Length]);
        foreach (int chunk in AwkwardChunks) Assert.Equal(whole, Sequence.Logits(model, tokens, Sequence.Even(tokens.Length, chunk)));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_length_around_the_block_borders_agrees_between_one_forward_and_single_tokens(string checkpoint, NumericProfile profile)
    {
        using V4Model model = Open(checkpoint, profile);
        int[] tokens = Tokens(model, 390, seed: 2);
        float[] stepwise = Sequence.Logits(model, tokens, Sequence.Even(tokens.Length, 1));
        int[] lengths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 126, 127, 128, 129, 130, 131, 132, 255, 256, 257, 258, 383, 384, 385, 386];
        foreach (int length in lengths)
        {
            float[] whole = Sequence.Logits(model, tokens[..length], [length]);
            Assert.Equal(stepwise.AsSpan(0, whole.Length).ToArray(), whole);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Random_chunkings_agree(string checkpoint, NumericProfile profile)
    {
        using V4Model model = Open(checkpoint, profile);
        int[] tokens = Tokens(model, 300, seed: 3);
        float[] whole = Sequence.Logits(model, tokens, [tokens.Length]);
        Gen.Int[1, 140].Array[1, 40].Sample(
            cuts => whole.AsSpan().SequenceEqual(Sequence.Logits(model, tokens, Sequence.Fit(cuts, tokens.Length))),
            iter: 12, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Strangers_in_the_batch_change_no_bit(string checkpoint, NumericProfile profile)
    {
        using V4Model model = Open(checkpoint, profile);
        int[][] sequences = [.. Enumerable.Range(0, 4).Select(i => Tokens(model, 180 + (37 * i), seed: 10 + i))];
        float[][] alone = [.. sequences.Select(tokens => Sequence.Logits(model, tokens, [tokens.Length]))];

        // Each step feeds every sequence its next piece of random length: prefill chunks and single tokens mixed.
        Gen.Int[1, 1_000_000].Sample(
            seed =>
            {
                var random = new Random(seed);
                float[][] together = Sequence.Together(model, sequences, () => random.Next(3) == 0 ? random.Next(1, 90) : 1);
                for (int i = 0; i < sequences.Length; i++) Assert.Equal(alone[i], together[i]);
            },
            iter: 3, threads: 1);
    }

    [Theory]
    [InlineData("tiny-bf16")]
    [InlineData("tiny-fp4")]
    public void The_number_of_workers_changes_no_bit(string checkpoint)
    {
        float[]? first = null;
        foreach (int workers in new[] { 1, 2, 3, 7 })
        {
            using V4Model model = Open(checkpoint, NumericProfile.Plain, workers);
            int[] tokens = Tokens(model, 200, seed: 4);
            float[] logits = Sequence.Logits(model, tokens, [150, 1, 49]);
            Assert.Equal(first ??= logits, logits);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_later_token_changes_no_earlier_logit(string checkpoint, NumericProfile profile)
    {
        using V4Model model = Open(checkpoint, profile);
        int[] tokens = Tokens(model, 270, seed: 5);
        float[] logits = Sequence.Logits(model, tokens, [tokens.Length]);
        foreach (int changed in new[] { 1, 3, 4, 127, 128, 200, 269 })
        {
            int[] other = [.. tokens];
            other[changed] = (other[changed] + 1) % model.VocabularySize;
            float[] after = Sequence.Logits(model, other, [other.Length]);
            int same = changed * model.VocabularySize;
            Assert.Equal(logits.AsSpan(0, same).ToArray(), after.AsSpan(0, same).ToArray());
            Assert.NotEqual(logits.AsSpan(same).ToArray(), after.AsSpan(same).ToArray());
        }
    }

    internal static V4Model Open(string checkpoint, NumericProfile profile, int? workers = null) =>
        V4Model.Open(Repository.Golden("model", checkpoint), new V4ModelOptions { Profile = profile, Workers = workers });

    internal static int[] Tokens(V4Model model, int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(model.VocabularySize))];
    }
}
