using Fathom.Checkpoints;
using Fathom.Model;
using Fathom.Training.Network;
using Fathom.Training.Quantization;
using Fathom.Training.Run;
using TorchSharp;
using static TorchSharp.torch;

namespace Fathom.Training.Tests;

/// <summary>What training sees is what an export holds.</summary>
public sealed class QuantizationTests
{
    private static readonly V4Config Config = new SyntheticOptions { Shape = SyntheticShape.Tiny, Layers = [0, 4, 128], Experts = 4, Vocabulary = 60 }.ToConfig();

    [Fact]
    public void An_export_gives_the_logits_that_quantisation_aware_training_saw()
    {
        string folder = Directory.CreateTempSubdirectory("fathom-").FullName;
        try
        {
            using Parameters parameters = Initializer.Create(Config, 7);
            Exporter.Write(folder, Config, parameters, null);
            using V4Model engine = V4Model.Open(folder, new V4ModelOptions { Profile = NumericProfile.Plain });
            using ISession session = engine.CreateSession();
            int[] tokens = [.. Enumerable.Range(0, 150).Select(i => (i * 37) % 60)];
            Logits expected = engine.Forward(new Batch().Add(session, tokens, LogitRows.All));

            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            var rounding = new StraightThrough(Config);
            parameters.View = rounding.View;
            var network = new V4Network(Config, parameters);
            float[] found = network.Logits(network.Forward(TokenBatch.Of(tokens)).Streams).contiguous().data<float>().ToArray();
            for (int i = 0; i < found.Length; i++) Assert.Equal(expected[i / 60][i % 60], found[i], 1e-4f);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Rounding_twice_changes_nothing_and_gradients_pass_through()
    {
        var random = new Random(1);
        float[] values = [.. Enumerable.Range(0, 130 * 160).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-6, 6))))];
        foreach (Action<float[]> round in (Action<float[]>[])[array => WeightRounding.RoundToFp8(array, 130, 160), array => WeightRounding.RoundToFp4(array, 130, 160)])
        {
            float[] once = [.. values];
            round(once);
            float[] twice = [.. once];
            round(twice);
            Assert.Equal(once, twice);
            Assert.NotEqual(values, once);
        }

        using Parameters parameters = Initializer.Create(Config, 7);
        using var scope = NewDisposeScope();
        var rounding = new StraightThrough(Config);
        const string Name = "layers.0.ffn.experts.w1.weight";
        rounding.View(Name, parameters.All[Name]).sum().backward();
        Assert.Equal(1f, parameters.All[Name].grad!.min().item<float>());
    }
}
