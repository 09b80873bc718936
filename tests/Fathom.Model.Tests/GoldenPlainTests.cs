using Fathom.Checkpoints;
using Fathom.Model.Caches;

namespace Fathom.Model.Tests;

/// <summary>Every tensor of the reference's plain data, for both checkpoints.</summary>
public sealed class GoldenPlainTests
{
    private const float Tolerance = 5e-4f;

    public static TheoryData<string, int> Inputs => new()
    {
        { "tiny-bf16", 1 }, { "tiny-bf16", 5 }, { "tiny-bf16", 40 }, { "tiny-bf16", 400 },
        { "tiny-fp4", 1 }, { "tiny-fp4", 7 }, { "tiny-fp4", 40 }, { "tiny-fp4", 400 },
    };

    [Theory]
    [MemberData(nameof(Inputs))]
    public void A_whole_input_gives_the_reference_s_numbers_in_every_layer(string checkpoint, int length)
    {
        using var golden = new GoldenModel(checkpoint);
        var recorder = new Recorder();
        golden.Model.Observer = recorder;
        using ISession session = golden.Model.CreateSession();
        Logits logits = golden.Model.Forward(new Batch().Add(session, golden.Integers($"ids.{length}"), LogitRows.All));

        CompareLogits(golden.Floats($"logits.{length}"), logits, length);
        for (int layer = 0; layer < golden.Model.Config.LayerCount; layer++)
        {
            string at = $"{length}.{layer}";
            CompareRows(golden, $"streams.{at}", recorder.Streams[layer], length);
            CompareRows(golden, $"attn.{at}", recorder.Attention[layer], length);
            CompareRows(golden, $"ffn.{at}", recorder.Experts[layer], length);
            CompareRouting(golden, at, recorder, layer, length);
            ComparePicks(golden, $"index_blocks.{at}", recorder, layer, length);
            CompareEntries(golden, $"compressed.{at}", (V4Session)session, layer);
        }
    }

    [Theory]
    [InlineData("tiny-bf16", 40)]
    [InlineData("tiny-bf16", 400)]
    [InlineData("tiny-fp4", 40)]
    [InlineData("tiny-fp4", 400)]
    public void The_MTP_block_gives_the_reference_s_logits(string checkpoint, int length)
    {
        using var golden = new GoldenModel(checkpoint);
        using ISession session = golden.Model.CreateSession();
        int[] ids = golden.Integers($"ids.{length}");
        golden.Model.Forward(new Batch().Add(session, ids, LogitRows.All));
        int[] next = [.. ids[1..], 5];
        Assert.Equal(golden.Integers($"mtp_ids.{length}"), next);
        CompareLogits(golden.Floats($"mtp_logits.{length}"), golden.Model.PredictAfterNext(next), length);
    }

    [Theory]
    [InlineData("tiny-bf16")]
    [InlineData("tiny-fp4")]
    public void Greedy_decoding_gives_the_reference_s_tokens(string checkpoint)
    {
        using var golden = new GoldenModel(checkpoint);
        using ISession session = golden.Model.CreateSession();
        int[] tokens = golden.Integers("decode.tokens");
        float[] expected = golden.Floats("decode.logits");
        Logits logits = golden.Model.Forward(new Batch().Add(session, golden.Integers("decode.prompt")));
        for (int i = 0; i < tokens.Length; i++)
        {
            Assert.Equal(tokens[i], ArgMax(logits[0]));
            logits = golden.Model.Forward(new Batch().Add(session, new[] { tokens[i] }));
            if (i % 8 == 0) AssertClose(expected.AsSpan(i / 8 * logits.Width, logits.Width), logits[0], $"decode step {i}");
        }
    }

    internal static int ArgMax(ReadOnlySpan<float> row)
    {
        int best = 0;
        for (int i = 1; i < row.Length; i++)
        {
            if (row[i] > row[best]) best = i;
        }

        return best;
    }

    // The data holds all rows of short inputs and every eighth row of the longest.
    private static void CompareLogits(float[] expected, Logits actual, int length)
    {
        int step = length == 400 ? 8 : 1;
        for (int row = 0; row < length; row += step)
            AssertClose(expected.AsSpan(row / step * actual.Width, actual.Width), actual[row], $"logits of row {row}");
    }

    // The data holds the last rows of an input.
    private static void CompareRows(GoldenModel golden, string name, float[] actual, int length)
    {
        if (!golden.Has(name)) return;
        float[] expected = golden.Floats(name);
        Assert.Equal(0, actual.Length % length);
        AssertClose(expected, actual.AsSpan(actual.Length - expected.Length), name);
    }

    private static void CompareRouting(GoldenModel golden, string at, Recorder recorder, int layer, int length)
    {
        if (!golden.Has($"gate_ids.{at}")) return;
        int k = golden.Model.Config.ExpertsPerToken;
        int[] ids = golden.Integers($"gate_ids.{at}");
        float[] weights = golden.Floats($"gate_weights.{at}");
        int rows = ids.Length / k, skipped = length - rows;
        for (int row = 0; row < rows; row++)
        {
            // The order of the picks is the reference's own; what counts is which expert gets which weight.
            var expected = new SortedDictionary<int, float>();
            var actual = new SortedDictionary<int, float>();
            for (int j = 0; j < k; j++)
            {
                expected.Add(ids[(row * k) + j], weights[(row * k) + j]);
                int pick = ((row + skipped) * k) + j;
                actual.Add(recorder.ExpertIds[layer][pick], recorder.ExpertWeights[layer][pick]);
            }

            Assert.Equal(expected.Keys, actual.Keys);
            AssertClose(expected.Values.ToArray(), actual.Values.ToArray(), $"gate_weights.{at} row {row}");
        }
    }

    private static void ComparePicks(GoldenModel golden, string name, Recorder recorder, int layer, int length)
    {
        if (!golden.Has(name)) return;
        int topK = golden.Model.Config.IndexTopK;
        int[] expected = golden.Integers(name), actual = recorder.Picks[layer];
        int rows = expected.Length / topK;
        for (int row = 0; row < rows; row++)
        {
            int[] want = [.. expected.Skip(row * topK).Take(topK).Where(entry => entry >= 0)];
            int[] got = [.. actual.Skip((row + length - rows) * topK).Take(topK).Where(entry => entry >= 0)];
            Assert.Equal(want, got);
        }
    }

    private static unsafe void CompareEntries(GoldenModel golden, string name, V4Session session, int layer)
    {
        if (!golden.Has(name)) return;
        StoredTensor tensor = golden.Tensor(name);
        float[] expected = golden.Floats(name);
        int width = (int)tensor.Shape[1];
        for (int entry = 0; entry < tensor.Shape[0]; entry++)
        {
            var actual = new ReadOnlySpan<float>(session.Layers[layer].Main!.Entries.At(entry), width);
            AssertClose(expected.AsSpan(entry * width, width), actual, $"{name} entry {entry}");
        }
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (!(MathF.Abs(expected[i] - actual[i]) <= Tolerance))
                Assert.Fail($"{what}: value {i} is {actual[i]}, the reference has {expected[i]}");
        }
    }
}
