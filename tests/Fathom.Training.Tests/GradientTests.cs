using Fathom.Training.Libtorch;
using Fathom.Training.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace Fathom.Training.Tests;

/// <summary>Gradients against finite differences, in 64 bits.</summary>
public sealed class GradientTests
{
    private const double Step = 1e-6;
    private const int CoordinatesPerTensor = 3;

    [Fact]
    public void Sinkhorn() => Check([Random(3, 4, 4)], x => HyperConnection.Sinkhorn(x[0], 20, 1e-6) * Weights(3, 4, 4));

    [Fact]
    public void Mixing_and_spreading_streams() => Check(
        [Random(1, 3, 4, 16), Random(24, 64), Random(24), Random(3), Random(1, 3, 16)],
        x =>
        {
            (Tensor mixed, Tensor post, Tensor comb) = HyperConnection.Mix(x[0], x[1], x[2], x[3], SmallModel.Config);
            return HyperConnection.Spread(x[0], x[4] * mixed, post, comb) * Weights(1, 3, 4, 16);
        });

    [Fact]
    public void Reducing_streams() => Check(
        [Random(1, 3, 4, 16), Random(4, 64), Random(4), Random(1)],
        x => HyperConnection.Reduce(x[0], x[1], x[2], x[3], SmallModel.Config) * Weights(1, 3, 16));

    [Fact]
    public void Rotation_there_and_back() => Check([Random(1, 5, 2, 16)], x =>
    {
        (Tensor cos, Tensor sin) = Network.Rotation.ForCompressedLayers(SmallModel.Config).Angles(arange(5, int64).unsqueeze(0), ScalarType.Float64);
        Tensor turned = Network.Rotation.Apply(x[0], cos.unsqueeze(2), sin.unsqueeze(2));
        return (turned * Weights(1, 5, 2, 16)) + Network.Rotation.Apply(turned.square(), cos.unsqueeze(2), sin.unsqueeze(2), inverse: true);
    });

    [Theory]
    [InlineData(4, "layers.1.attn.compressor.")]
    [InlineData(8, "layers.2.attn.compressor.")]
    [InlineData(4, "layers.1.attn.indexer.compressor.")]
    public void Compression_of_blocks(int ratio, string prefix) => CheckWithParameters(
        prefix,
        [Random(1, 21, 16)],
        (x, parameters) => Compression.Run(x[0], parameters, prefix, ratio, SmallModel.Batch(21, 1), Network.Rotation.ForCompressedLayers(SmallModel.Config), 1e-6)!.pow(3));

    [Theory]
    [InlineData(0, "layers.0.attn.", "Sparse")]
    [InlineData(4, "layers.1.attn.", "Dense")]
    [InlineData(4, "layers.1.attn.", "Sparse")]
    [InlineData(8, "layers.2.attn.", "Sparse")]
    public void Attention_with_sinks(int ratio, string prefix, string mode) => CheckWithParameters(
        prefix,
        [Random(1, 27, 16)],
        (x, parameters) => new HybridAttention(SmallModel.Config, parameters) { Mode = Enum.Parse<AttentionMode>(mode) }.Run(prefix, ratio, x[0], SmallModel.Batch(27, 1), false).Output * Weights(1, 27, 16));

    [Theory]
    [InlineData("layers.0.ffn.")]
    [InlineData("layers.1.ffn.")]
    public void Experts_and_their_gate(string prefix) => CheckWithParameters(
        prefix,
        [Random(2, 9, 16)],
        (x, parameters) =>
        {
            var batch = new TokenBatch(arange(18, int64).reshape(2, 9), zeros(2, 9, int64), zeros(2, 9, int64));
            (Tensor output, Tensor? balance, Tensor _) = new Mixture(SmallModel.Config, parameters).Run(prefix, x[0], batch);
            output = output * Weights(2, 9, 16);
            return balance is null ? output : output.sum() + (balance * 0.3);
        });

    [Fact]
    public void The_indexer_s_own_loss()
    {
        Tensor target = Random(1, 12, 2, 5).softmax(-1).sum([2]), used = rand(1, 12, 5) > 0.3;
        Check([Random(1, 12, 5)], x => Indexer.Loss(x[0], target, used));
    }

    [Fact]
    public void The_language_model_s_loss_does_not_reach_the_indexer_and_its_own_loss_reaches_nothing_else()
    {
        using Parameters parameters = SmallModel.Parameters(ScalarType.Float64);
        using var scope = NewDisposeScope();
        var network = new V4Network(SmallModel.Config, parameters);
        ForwardResult result = network.Forward(SmallModel.Batch(40, 2), wantsIndexLoss: true);
        result.IndexLoss!.backward(retain_graph: true);
        foreach ((string name, Tensor tensor) in parameters.All) Assert.Equal(name.Contains("indexer", StringComparison.Ordinal), HasGradient(tensor));
        foreach (Tensor tensor in parameters.All.Values) tensor.grad?.zero_();
        network.Logits(result.Streams).square().sum().backward();
        foreach ((string name, Tensor tensor) in parameters.All)
        {
            if (name.Contains("indexer", StringComparison.Ordinal)) Assert.False(HasGradient(tensor), name);
        }

        static bool HasGradient(Tensor tensor) => tensor.grad is { } gradient && gradient.abs().sum().item<double>() > 0;
    }

    [Fact]
    public void The_whole_model_with_its_prediction_block() => CheckWithParameters(
        string.Empty,
        [],
        (_, parameters) =>
        {
            var network = new V4Network(SmallModel.Config, parameters);
            TokenBatch batch = SmallModel.Batch(37, 2);
            ForwardResult result = network.Forward(batch);
            Tensor next = batch.Tokens.roll(-1, 1);
            return nn.functional.cross_entropy(network.Logits(result.Streams)[0], next[0])
                + (0.3 * nn.functional.cross_entropy(network.PredictAfterNext(result.Streams, next, batch)[0], batch.Tokens.roll(-2, 1)[0]))
                + (0.1 * result.BalanceLoss!);
        },
        except: "indexer");

    private static Tensor Random(params long[] shape) => randn(shape, ScalarType.Float64);

    // Fixed numbers that make a sum of outputs depend on each of them differently.
    private static Tensor Weights(params long[] shape) => (arange(shape.Aggregate(1L, (a, b) => a * b), ScalarType.Float64) * 0.7).sin().reshape(shape);

    private static void CheckWithParameters(string prefix, Tensor[] inputs, Func<Tensor[], Parameters, Tensor> function, string? except = null)
    {
        using Parameters parameters = SmallModel.Parameters(ScalarType.Float64);
        Tensor[] own = [.. parameters.All.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal) && (except is null || !pair.Key.Contains(except, StringComparison.Ordinal))).Select(pair => pair.Value)];
        Check([.. inputs, .. own], x => function(x, parameters));
    }

    private static void Check(Tensor[] inputs, Func<Tensor[], Tensor> function)
    {
        using var scope = NewDisposeScope();
        foreach (Tensor input in inputs) input.requires_grad_();
        function(inputs).sum().backward();
        var random = new Random(11);
        for (int t = 0; t < inputs.Length; t++)
        {
            Tensor input = inputs[t];
            double[] gradient = input.grad is { } given ? given.contiguous().data<double>().ToArray() : new double[input.numel()];
            for (int i = 0; i < CoordinatesPerTensor; i++)
            {
                long at = random.NextInt64(input.numel());
                double numeric = (Shifted(input, at, Step) - Shifted(input, at, -Step)) / (2 * Step);
                double bound = 1e-5 * Math.Max(1, Math.Abs(numeric));
                Assert.True(Math.Abs(numeric - gradient[at]) < bound, $"input {t}, coordinate {at}: finite difference {numeric}, gradient {gradient[at]}");
            }
        }

        double Shifted(Tensor input, long at, double step)
        {
            using QuietCollector quiet = QuietCollector.Start();
            using var inner = NewDisposeScope();
            using var noGradient = no_grad();
            Tensor flat = input.view(-1);
            flat[at].add_(step);
            double value = function(inputs).sum().item<double>();
            flat[at].add_(-step);
            return value;
        }
    }
}
