using Fathom.Checkpoints;
using Fathom.Model;
using Fathom.Training.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace Fathom.Training.Tests;

/// <summary>The trainer's forward against the engine's plain profile, on the golden checkpoints.</summary>
public sealed class ForwardTests
{
    public static TheoryData<string, int> Inputs => new()
    {
        { "tiny-bf16", 1 }, { "tiny-bf16", 5 }, { "tiny-bf16", 130 }, { "tiny-bf16", 400 },
        { "tiny-fp4", 1 }, { "tiny-fp4", 7 }, { "tiny-fp4", 130 }, { "tiny-fp4", 400 },
    };

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Logits_agree_with_the_engine(string name, int length)
    {
        using V4Model engine = V4Model.Open(Repository.Golden("model", name), new V4ModelOptions { Profile = NumericProfile.Plain });
        using Checkpoint checkpoint = Checkpoint.Open(Repository.Golden("model", name));
        using Parameters parameters = CheckpointParameters.Load(checkpoint);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        int[] tokens = RandomTokens(length, checkpoint.Config.VocabularySize, 1);
        var network = new V4Network(checkpoint.Config, parameters);
        TokenBatch batch = TokenBatch.Of(tokens);
        ForwardResult result = network.Forward(batch);

        using ISession session = engine.CreateSession();
        AssertNear(engine.Forward(new Batch().Add(session, tokens, LogitRows.All)), network.Logits(result.Streams)[0]);
        int[] next = [.. tokens[1..], 5];
        AssertNear(engine.PredictAfterNext(next), network.PredictAfterNext(result.Streams, tensor(next.Select(id => (long)id).ToArray()).unsqueeze(0), batch)[0]);
    }

    [Fact]
    public void Packed_documents_do_not_see_each_other()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Repository.Golden("model", "tiny-fp4"));
        using Parameters parameters = CheckpointParameters.Load(checkpoint);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var network = new V4Network(checkpoint.Config, parameters);
        int[] first = RandomTokens(100, checkpoint.Config.VocabularySize, 2), second = RandomTokens(180, checkpoint.Config.VocabularySize, 3);
        var tokens = new long[128 + 180];
        var starts = new long[tokens.Length];
        for (int i = 0; i < first.Length; i++) tokens[i] = first[i];
        for (int i = 0; i < second.Length; i++) (tokens[128 + i], starts[128 + i]) = (second[i], 128);
        Tensor places = arange(tokens.Length, int64), begin = tensor(starts);
        var packed = new TokenBatch(tensor(tokens).unsqueeze(0), begin.unsqueeze(0), (places - begin).unsqueeze(0));
        Tensor together = network.Logits(network.Forward(packed).Streams)[0];
        Tensor one = network.Logits(network.Forward(TokenBatch.Of(first)).Streams)[0], two = network.Logits(network.Forward(TokenBatch.Of(second)).Streams)[0];
        Assert.True((together.narrow(0, 0, 100) - one).abs().max().item<float>() < 1e-4f);
        Assert.True((together.narrow(0, 128, 180) - two).abs().max().item<float>() < 1e-4f);
    }

    private static int[] RandomTokens(int count, int vocabulary, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
    }

    private static void AssertNear(Logits expected, Tensor found)
    {
        float[] values = found.contiguous().data<float>().ToArray();
        float worst = 0;
        for (int row = 0; row < expected.Rows; row++)
        {
            for (int i = 0; i < expected.Width; i++) worst = Math.Max(worst, Math.Abs(expected[row][i] - values[(row * expected.Width) + i]));
        }

        Assert.True(worst < 1e-4f, $"the largest difference is {worst}");
    }
}
