using System.Runtime.InteropServices;
using Fathom.Training.Network;
using Fathom.Training.Quantization;
using BFloat = Fathom.Compute.Numbers.BFloat16;

namespace Fathom.Training.Run;

/// <summary>Writes a trained model in the official layout: FP4 experts, FP8 matrices, BF16 and 32-bit rest.</summary>
internal static class Exporter
{
    /// <summary>Writes config.json, model.safetensors and tokenizer.json into a folder; each file appears when it is complete.</summary>
    public static void Write(string folder, V4Config config, Parameters parameters, string? tokenizer)
    {
        Directory.CreateDirectory(folder);
        List<(string Name, StoredType Type, long[] Shape, byte[] Bytes)> stored = [.. Stored(config, parameters)];
        using (var writer = new SafetensorsWriter(Path.Combine(folder, "model.safetensors"), [.. stored.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape))]))
        {
            foreach ((_, _, _, byte[] bytes) in stored) writer.Write(bytes);
            writer.Complete();
        }

        if (tokenizer is not null) AtomicFile.Write(Path.Combine(folder, "tokenizer.json"), File.ReadAllText(tokenizer));
        AtomicFile.Write(Path.Combine(folder, "config.json"), config.ToJson());
    }

    private static IEnumerable<(string Name, StoredType Type, long[] Shape, byte[] Bytes)> Stored(V4Config config, Parameters parameters)
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
                    yield return (name, StoredType.I64, shape, MemoryMarshal.AsBytes<long>(parameters.Tables[name].contiguous().data<long>().ToArray()).ToArray());
                    break;
                case TensorRole.Linear:
                    (byte[] codes, byte[] scales) = WeightRounding.ToFp8(Floats(parameters.All[name]), rows, columns);
                    yield return (name, StoredType.F8E4M3, shape, codes);
                    yield return (expected.ScaleName, StoredType.F8E8M0, [(rows + 127) / 128, (columns + 127) / 128], scales);
                    break;
                case TensorRole.Expert:
                    (codes, scales) = WeightRounding.ToFp4(Floats(parameters.All[ExpertNames.Stacked(name)][ExpertNames.NumberOf(name)]), rows, columns);
                    yield return (name, StoredType.I8, [rows, columns / 2], codes);
                    yield return (expected.ScaleName, StoredType.F8E8M0, [rows, (columns + 31) / 32], scales);
                    break;
                case TensorRole.Precise:
                    ushort[] halves = Array.ConvertAll(Floats(parameters.All[name]), BFloat.Encode);
                    yield return (name, StoredType.BF16, shape, MemoryMarshal.AsBytes<ushort>(halves).ToArray());
                    break;
                default:
                    Tensor small = parameters.Tables.TryGetValue(name, out Tensor? table) ? table : parameters.All[name];
                    yield return (name, StoredType.F32, shape, MemoryMarshal.AsBytes<float>(Floats(small)).ToArray());
                    break;
            }
        }
    }

    private static float[] Floats(Tensor tensor)
    {
        using var noGradient = no_grad();
        return tensor.detach().contiguous().data<float>().ToArray();
    }
}
