using Fathom.Training.Libtorch;
using Fathom.Training.Network;
using Fathom.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Fathom.Training.Tests;

public sealed class OptimizerTests
{
    [Theory]
    [InlineData(20, 30)]
    [InlineData(64, 16)]
    [InlineData(8, 8)]
    public void Newton_schulz_brings_all_singular_values_near_one(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        Tensor result = Muon.Orthogonalize(randn(3, rows, columns));
        Tensor values = linalg.svdvals(result);
        Assert.InRange(values.min().item<float>(), 0.9f, 1.1f);
        Assert.InRange(values.max().item<float>(), 0.9f, 1.1f);
    }

    [Fact]
    public void A_first_step_of_adamw_moves_by_the_learning_rate()
    {
        using var parameters = new Parameters();
        parameters.Add("norm.weight", ones(4));
        parameters["norm.weight"].sum().backward();
        new AdamW(parameters.All).Step(0.01);
        Assert.Equal(0.99f, parameters.All["norm.weight"].min().item<float>(), 1e-6f);
    }

    [Fact]
    public void Every_parameter_has_one_optimiser()
    {
        using Parameters parameters = Initializer.Create(SmallModel.Config, 1);
        IReadOnlyList<IOptimizer> optimizers = ParameterGroups.Optimizers(parameters.All, usesMuon: true);
        string[] muon = [.. optimizers[0].State.Keys.Select(name => name["muon.".Length..])];
        Assert.Contains("layers.1.attn.wq_b.weight", muon);
        Assert.Contains("layers.1.ffn.experts.w2.weight", muon);
        foreach (string name in (string[])["embed.weight", "head.weight", "layers.1.attn_norm.weight", "layers.1.attn.attn_sink", "layers.1.attn.compressor.ape", "layers.1.hc_attn_base"])
        {
            Assert.DoesNotContain(name, muon);
            Assert.Contains($"adam.m.{name}", optimizers[1].State.Keys);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_small_model_learns_a_text_by_heart(bool usesMuon)
    {
        using Parameters parameters = Initializer.Create(SmallModel.Config, 1);
        var network = new V4Network(SmallModel.Config, parameters);
        IReadOnlyList<IOptimizer> optimizers = ParameterGroups.Optimizers(parameters.All, usesMuon);
        double first = 0, last = 0;
        for (int step = 0; step < 60; step++)
        {
            using QuietCollector quiet = QuietCollector.Start();
            using var scope = NewDisposeScope();
            TokenBatch batch = SmallModel.Batch(40, 2);
            Tensor logits = network.Logits(network.Forward(batch).Streams)[0];
            Tensor loss = nn.functional.cross_entropy(logits.narrow(0, 0, 39), batch.Tokens[0].narrow(0, 1, 39));
            foreach (Tensor tensor in parameters.All.Values) tensor.grad?.zero_();
            loss.backward();
            ParameterGroups.Clip(parameters.All, 1);
            foreach (IOptimizer optimizer in optimizers) optimizer.Step(0.01);
            last = loss.item<float>();
            if (step == 0) first = last;
        }

        Assert.True(last < first / 3, $"the loss went from {first} to {last}");
    }
}
