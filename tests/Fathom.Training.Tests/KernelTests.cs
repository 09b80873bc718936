using Fathom.Training.Libtorch;
using Fathom.Training.Network;
using Fathom.Training.Network.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Fathom.Training.Tests;

/// <summary>Kernels against their plain twins in 64 bits: values and gradients.</summary>
public sealed class KernelTests
{
    private const double Tolerance = 2e-5;

    [Fact]
    public void Spreading() => Check([Random(2, 3, 4, 20), Random(2, 3, 20), Random(2, 3, 4), Random(2, 3, 4, 4)], x => HyperConnection.Spread(x[0], x[1], x[2], x[3]));

    [Fact]
    public void Weighted_sums_of_streams() => Check([Random(2, 3, 4, 24), Random(16, 96), Random(16), Random(1)], x => HyperConnection.Reduce(x[0], x[1].narrow(0, 0, 4), x[2].narrow(0, 0, 4), x[3], SmallModel.Config));

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(1029)]
    public void Sinkhorn(long matrices) => Check([Random(matrices, 4, 4)], x => HyperConnection.Sinkhorn(x[0], 20, 1e-6));

    [Theory]
    [InlineData(1)]
    [InlineData(1030)]
    public void Norm_with_a_weight(long rows) => Check([Random(rows, 19), Random(19)], x => Norms.Rms(x[0], x[1], 1e-6), rows > 1 ? 1e-4 : Tolerance);

    [Fact]
    public void Norm_without_a_weight() => Check([Random(5, 24)], x => Norms.Rms(x[0], 1e-6));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rotation(bool inverse) => Check([Random(2, 5, 3, 16)], x =>
    {
        Tensor angles = Random(2, 5, 1, 4).to(x[0].dtype);
        return Network.Rotation.Apply(x[0], angles.cos(), angles.sin(), inverse);
    });

    [Theory]
    [InlineData(nameof(AttentionMode.WindowOnly), 1)]
    [InlineData(nameof(AttentionMode.Dense), 1)]
    [InlineData(nameof(AttentionMode.Sparse), 1)]
    [InlineData(nameof(AttentionMode.Dense), 2)]
    public void Attention_of_packed_documents(string modeName, int layer)
    {
        AttentionMode mode = Enum.Parse<AttentionMode>(modeName);
        _ = Random(1);
        using var scope = NewDisposeScope();
        using Parameters single = SmallModel.Parameters(ScalarType.Float32), exact = SmallModel.Parameters(ScalarType.Float64);
        using (no_grad())
        {
            foreach ((string name, Tensor tensor) in exact.All) tensor.copy_(single.All[name].to(ScalarType.Float64));
        }

        Tensor x = Random(2, 40, 16), starts = tensor(Enumerable.Range(0, 80).Select(i => i % 40 < 24 ? 0L : 24L).ToArray()).reshape(2, 40);
        var batch = new TokenBatch(zeros(2, 40, int64), starts, arange(40, int64).unsqueeze(0).expand(2, 40) - starts);
        Tensor Run(Parameters parameters, Tensor input)
        {
            var attention = new HybridAttention(SmallModel.Config, parameters) { Mode = mode };
            (Tensor output, Tensor? loss) = attention.Run($"layers.{layer}.attn.", SmallModel.Config.RatioOf(layer), input, batch, wantsIndexLoss: mode != AttentionMode.WindowOnly);
            return loss is null ? output : output + loss;
        }

        Check([x], input => Run(input[0].dtype == ScalarType.Float32 ? single : exact, input[0]));
        foreach ((string name, Tensor tensor) in exact.All)
        {
            if (tensor.grad is null) continue;
            Close(tensor.grad, single.All[name].grad!, name, Tolerance);
        }
    }

    private static void Check(Tensor[] inputs, Func<Tensor[], Tensor> compute, double tolerance = Tolerance)
    {
        using var scope = NewDisposeScope();
        Tensor[] exact = Array.ConvertAll(inputs, input => input.detach().to(ScalarType.Float64).requires_grad_());
        Tensor[] single = Array.ConvertAll(inputs, input => input.detach().clone().requires_grad_());
        Tensor expected = compute(exact), actual = compute(single);
        Assert.False(Rows.Fit(expected));
        Close(expected, actual, "value", tolerance);
        Tensor direction = randn_like(actual);
        (expected * direction.to(ScalarType.Float64)).sum().backward();
        (actual * direction).sum().backward();
        for (int i = 0; i < inputs.Length; i++) Close(exact[i].grad!, single[i].grad!, $"gradient {i}", tolerance);
    }

    // Relative to the largest value.
    private static void Close(Tensor expected, Tensor actual, string what, double tolerance)
    {
        double most = (expected - actual.to(ScalarType.Float64)).abs().max().item<double>(), scale = Math.Max(1, expected.abs().max().item<double>());
        Assert.True(most <= tolerance * scale, $"{what} differs by {most}, largest {scale}");
    }

    private static Tensor Random(params long[] shape)
    {
        LibtorchLoader.Prepare();
        random.manual_seed(shape.Sum());
        return randn(shape);
    }
}
