using System.Runtime.InteropServices;
using Fathom.Training.Network;
using Fathom.Training.Quantization;
using BFloat = Fathom.Compute.Numbers.BFloat16;

namespace Fathom.Training.Run;

/// <summary>Writes a trained model in the official layout: FP4 experts, FP8 matrices, BF16 and 32-bit rest; or all matrices in 32 bits, for comparison.</summary>
internal static class Exporter
{
    /// <summary>Writes config.json, model.safetensors and tokenizer.json into a folder; each file appears when it is complete.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="config">The architecture; without an MTP layer none is written.</param>
    /// <param name="parameters">The values, as the network sees them.</param>
    /// <param name="tokenizer">A tokenizer.json to put beside it.</param>
    /// <param name="isQuantised">FP4 and FP8, or 32 bits.</param>
    public static void Write(string folder, V4Config config, Parameters parameters, string? tokenizer, bool isQuantised = true)
    {
        Directory.CreateDirectory(folder);
        using var scope = NewDisposeScope();
        List<(string Name, StoredType Type, long[] Shape, byte[] Bytes)> stored = [.. Stored(config, parameters, isQuantised)];
        using (var writer = new SafetensorsWriter(Path.Combine(folder, "model.safetensors"), [.. stored.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape))]))
        {
            foreach ((_, _, _, byte[] bytes) in stored) writer.Write(bytes);
            writer.Complete();
        }

        if (tokenizer is not null) AtomicFile.Write(Path.Combine(folder, "tokenizer.json"), File.ReadAllText(tokenizer));
        AtomicFile.Write(Path.Combine(folder, "config.json"), config.ToJson());
    }

    private static IEnumerable<(string Name, StoredType Type, long[] Shape, byte[] Bytes)> Stored(V4Config config, Parameters parameters, bool isQuantised)
    {
        IEnumerable<ExpectedTensor> layout = TensorLayout.MainModel(config);
        if (config.MtpLayerCount > 0) layout = layout.Concat(TensorLayout.MultiTokenPrediction(config));
        foreach (ExpectedTensor expected in layout)
        {
            (string name, long[] shape) = (expected.Name, expected.Shape);
            int rows = (int)shape[0], columns = (int)shape[^1];
            switch (expected.Role)
            {
                case TensorRole.ExpertTable:
                    yield return (name, StoredType.I64, shape, parameters.Tables[name].ToBytes());
                    break;
                case TensorRole.Linear when isQuantised:
                    (byte[] codes, byte[] scales) = WeightRounding.ToFp8(Floats(parameters[name]), rows, columns);
                    yield return (name, StoredType.F8E4M3, shape, codes);
                    yield return (expected.ScaleName, StoredType.F8E8M0, [(rows + 127) / 128, (columns + 127) / 128], scales);
                    break;
                case TensorRole.Expert when isQuantised:
                    (codes, scales) = WeightRounding.ToFp4(Floats(Expert(parameters, name)), rows, columns);
                    yield return (name, StoredType.I8, [rows, columns / 2], codes);
                    yield return (expected.ScaleName, StoredType.F8E8M0, [rows, (columns + 31) / 32], scales);
                    break;
                case TensorRole.Precise when isQuantised:
                    ushort[] halves = Array.ConvertAll(Floats(parameters[name]), BFloat.Encode);
                    yield return (name, StoredType.BF16, shape, MemoryMarshal.AsBytes<ushort>(halves).ToArray());
                    break;
                default:
                    Tensor value = parameters.Tables.TryGetValue(name, out Tensor? table) ? table : expected.Role == TensorRole.Expert ? Expert(parameters, name) : parameters[name];
                    yield return (name, StoredType.F32, shape, value.ToBytes());
                    break;
            }
        }
    }

    private static Tensor Expert(Parameters parameters, string name) => parameters[ExpertNames.Stacked(name)][ExpertNames.NumberOf(name)];

    private static float[] Floats(Tensor tensor)
    {
        using var noGradient = no_grad();
        return tensor.detach().contiguous().data<float>().ToArray();
    }
}
