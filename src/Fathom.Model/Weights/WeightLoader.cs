using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Fathom.Checkpoints;
using Fathom.Compute;

namespace Fathom.Model.Weights;

/// <summary>
/// Gives the tensors of an opened checkpoint their places in the model. The checkpoint has already checked every
/// name, shape, type, scale and expert id, so nothing is checked twice here.
/// </summary>
/// <param name="checkpoint">The checkpoint.</param>
/// <param name="files">Reads what is copied in any case, by calls: vectors and tables.</param>
/// <param name="memory">Takes copies of all matrices but routed experts'; null leaves matrices in the mapped files.</param>
internal sealed unsafe class WeightLoader(Checkpoint checkpoint, WeightFiles files, OwnMemory? memory = null)
{
    private readonly V4Config config = checkpoint.Config;
    private readonly RotaryTable windowRotary = RotaryTable.ForWindowLayers(checkpoint.Config);
    private readonly RotaryTable compressedRotary = RotaryTable.ForCompressedLayers(checkpoint.Config);

    public V4Weights Load()
    {
        var layers = new LayerWeights[config.LayerCount];
        for (int i = 0; i < layers.Length; i++) layers[i] = Layer($"layers.{i}.", i, config.IsHashLayer(i));
        return new V4Weights
        {
            Embedding = Matrix("embed"),
            Head = Matrix("head"),
            Norm = Vector("norm.weight"),
            HeadStreams = Streams("hc_head"),
            Layers = layers,
            Prediction = checkpoint.HasMultiTokenPrediction ? Prediction("mtp.0.") : null,
        };
    }

    private LayerWeights Layer(string prefix, int index, bool isHash)
    {
        LayerKind kind = config.KindOf(index);
        return new LayerWeights
        {
            Index = index,
            Kind = kind,
            AttentionStreams = Streams(prefix + "hc_attn"),
            ExpertStreams = Streams(prefix + "hc_ffn"),
            AttentionNorm = Vector(prefix + "attn_norm.weight"),
            ExpertNorm = Vector(prefix + "ffn_norm.weight"),
            Attention = Attention(prefix + "attn.", index, kind),
            Mixture = Mixture(prefix + "ffn.", isHash),
            Rotary = kind == LayerKind.Window ? windowRotary : compressedRotary,
        };
    }

    private AttentionWeights Attention(string prefix, int index, LayerKind kind) => new()
    {
        QueryDown = Matrix(prefix + "wq_a"),
        QueryNorm = Vector(prefix + "q_norm.weight"),
        QueryUp = Matrix(prefix + "wq_b"),
        KeyValue = Matrix(prefix + "wkv"),
        KeyValueNorm = Vector(prefix + "kv_norm.weight"),
        OutputDown = Matrix(prefix + "wo_a"),
        OutputUp = Matrix(prefix + "wo_b"),
        Sinks = Vector(prefix + "attn_sink"),
        Compressor = kind == LayerKind.Window ? null : Compressor(prefix + "compressor.", config.CompressRatios[index], config.HeadDim),
        Indexer = kind != LayerKind.Csa ? null : new IndexerWeights
        {
            QueryUp = Matrix(prefix + "indexer.wq_b"),
            HeadWeights = Matrix(prefix + "indexer.weights_proj"),
            Compressor = Compressor(prefix + "indexer.compressor.", config.CompressRatios[index], config.IndexHeadDim),
        },
    };

    private CompressorWeights Compressor(string prefix, int ratio, int width) => new()
    {
        Ratio = ratio,
        Width = width,
        Overlaps = ratio == 4,
        Values = Matrix(prefix + "wkv"),
        Scores = Matrix(prefix + "wgate"),
        PositionBias = Vector(prefix + "ape"),
        Norm = Vector(prefix + "norm.weight"),
    };

    private MixtureWeights Mixture(string prefix, bool isHash)
    {
        var routed = new ExpertWeights[config.ExpertCount];
        for (int e = 0; e < routed.Length; e++) routed[e] = RoutedExpert($"{prefix}experts.{e}.");
        return new MixtureWeights
        {
            Router = Matrix(prefix + "gate"),
            SelectionBias = isHash ? null : Vector(prefix + "gate.bias"),
            HashTable = isHash ? Integers(prefix + "gate.tid2eid") : null,
            Routed = routed,
            Shared = config.SharedExpertCount == 0 ? [] : [Expert(prefix + "shared_experts.")],
        };
    }

    private ExpertWeights Expert(string prefix) => new(Matrix(prefix + "w1"), Matrix(prefix + "w3"), Matrix(prefix + "w2"));

    // Never copied: they stay mapped, or a stream of experts moves them into its arena.
    private ExpertWeights RoutedExpert(string prefix) => new(checkpoint.Matrix(prefix + "w1.weight"), checkpoint.Matrix(prefix + "w3.weight"), checkpoint.Matrix(prefix + "w2.weight"))
    {
        UncheckedScales = checkpoint.ExpertScalesAreChecked ? [] : [.. Scales(prefix + "w1.scale", prefix + "w3.scale", prefix + "w2.scale")],
    };

    private IEnumerable<StoredTensor> Scales(params string[] names)
    {
        foreach (string name in names)
        {
            if (checkpoint.TryGet(name, out StoredTensor scale)) yield return scale;
        }
    }

    private PredictionWeights Prediction(string prefix) => new()
    {
        Block = Layer(prefix, config.LayerCount, isHash: false),
        EmbeddingProjection = Matrix(prefix + "e_proj"),
        StreamProjection = Matrix(prefix + "h_proj"),
        EmbeddingNorm = Vector(prefix + "enorm.weight"),
        StreamNorm = Vector(prefix + "hnorm.weight"),
        Norm = Vector(prefix + "norm.weight"),
        HeadStreams = Streams(prefix + "hc_head"),
    };

    private HyperConnectionWeights Streams(string prefix) => new(
        Matrix(prefix + "_fn", suffix: ""),
        Vector(prefix + "_scale"),
        Vector(prefix + "_base"),
        config.HyperStreams,
        config.SinkhornIterations,
        config.HyperEpsilon,
        config.NormEpsilon);

    private WeightMatrix Matrix(string name, string suffix = ".weight")
    {
        WeightMatrix matrix = checkpoint.Matrix(name + suffix);
        if (memory is null) return matrix;
        byte* scales = matrix.Scales is null ? null : memory.Copy(checkpoint[name + ".scale"]);
        return new WeightMatrix(matrix.Format, matrix.Rows, matrix.Columns, memory.Copy(checkpoint[name + suffix]), scales, matrix.ScalesAreFloat) { Name = matrix.Name };
    }

    private float[] Vector(string name)
    {
        StoredTensor tensor = checkpoint[name];
        var values = new float[tensor.Shape.Aggregate(1L, (count, dimension) => count * dimension)];
        files.ReadAll(tensor, (bytes, offset) => tensor.Widen(bytes, values.AsSpan((int)(offset * values.Length / tensor.ByteLength))));
        return values;
    }

    private int[] Integers(string name)
    {
        StoredTensor tensor = checkpoint[name];
        int width = tensor.Type == StoredType.I32 ? sizeof(int) : sizeof(long);
        var values = new int[tensor.ByteLength / width];
        files.ReadAll(tensor, (bytes, offset) =>
        {
            Span<int> target = values.AsSpan((int)(offset / width), bytes.Length / width);
            if (width == sizeof(int)) MemoryMarshal.Cast<byte, int>(bytes).CopyTo(target);
            else TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, long>(bytes), target);
        });
        return values;
    }
}
