using System.Runtime.InteropServices;

namespace Fathom.Checkpoints;

/// <summary>Holds the tensors of a checkpoint against the layout of its config: nothing missing, nothing strange, right types, shapes, scales and expert ids.</summary>
/// <param name="directory">The checkpoint, for messages.</param>
/// <param name="config">The architecture.</param>
/// <param name="tensors">The tensors by their official names.</param>
/// <param name="files">Reads the scales and ids.</param>
internal sealed class CheckpointValidator(string directory, V4Config config, Dictionary<string, StoredTensor> tensors, WeightFiles files)
{
    // Scales of routed experts are looked at on opening up to this size; Flash has 8.6 GB of them.
    private const long EagerExpertScaleBytes = 64 << 20;

    private readonly HashSet<string> known = new(StringComparer.Ordinal);

    /// <summary>Checks everything.</summary>
    /// <param name="hasPrediction">Whether there is an MTP block.</param>
    /// <param name="looksAtExperts">Whether the scales of routed experts may be looked at.</param>
    /// <returns>Whether the scales of routed experts were checked too.</returns>
    public bool Validate(bool hasPrediction, bool looksAtExperts = true)
    {
        var expertScales = new List<StoredTensor>();
        foreach (ExpectedTensor expected in TensorLayout.Of(config, hasPrediction)) Check(expected, expertScales);

        foreach (StoredTensor tensor in tensors.Values)
        {
            if (!known.Contains(tensor.Name) && !IsIgnored(tensor.Name, hasPrediction))
                throw new CheckpointException(tensor.File, tensor.Name, "only tensors of the architecture in config.json", "a tensor that does not belong to it");
        }

        if (!looksAtExperts || expertScales.Sum(scale => scale.ByteLength) > EagerExpertScaleBytes) return expertScales.Count == 0;
        foreach (StoredTensor scale in expertScales) CheckScales(scale);
        return true;
    }

    // Copies of embedding and head in MTP blocks are superfluous; without enorm, mtp.* holds a block drafter that
    // plain inference does not use (checkpoint specification, section 2.4).
    private static bool IsIgnored(string name, bool hasPrediction) =>
        name.StartsWith("mtp.", StringComparison.Ordinal)
        && (!hasPrediction || name.Contains("emb", StringComparison.Ordinal) || name.EndsWith("head.weight", StringComparison.Ordinal));

    private void Check(ExpectedTensor expected, List<StoredTensor> expertScales)
    {
        StoredTensor tensor = Find(expected.Name, "this tensor");
        switch (expected.Role)
        {
            case TensorRole.Linear or TensorRole.Expert:
                CheckLinear(expected, tensor, expertScales);
                break;
            case TensorRole.Precise or TensorRole.Small:
                // GGUF files keep embedding, head and other matrices in block formats too; vectors never.
                if (!(expected.Role == TensorRole.Precise && expected.Shape.Length == 2 && StoredTypes.IsGgufBlock(tensor.Type)))
                    CheckType(tensor, StoredType.F32, StoredType.BF16, StoredType.F16);
                CheckShape(tensor, expected.Shape);
                break;
            default:
                CheckType(tensor, StoredType.I64, StoredType.I32);
                CheckShape(tensor, expected.Shape);
                CheckExpertTable(tensor);
                break;
        }
    }

    private void CheckLinear(ExpectedTensor expected, StoredTensor tensor, List<StoredTensor> expertScales)
    {
        long rows = expected.Shape[0], columns = expected.Shape[1];
        if (tensor.Type is StoredType.BF16 or StoredType.F16 or StoredType.F32 || StoredTypes.IsGgufBlock(tensor.Type))
        {
            CheckShape(tensor, expected.Shape);
            return;
        }

        CheckType(tensor, StoredType.F8E4M3, StoredType.I8, StoredType.U8, StoredType.F4, StoredType.BF16, StoredType.F16, StoredType.F32);
        StoredTensor scale = Find(expected.ScaleName, $"the block scales of {expected.Name}, which is stored in {StoredTypes.NameOf(tensor.Type)}");
        if (tensor.Type == StoredType.F8E4M3)
        {
            CheckShape(tensor, expected.Shape);
            CheckType(scale, StoredType.F8E8M0, StoredType.U8, StoredType.F32);
            CheckShape(scale, [(rows + 127) / 128, (columns + 127) / 128]);
        }
        else
        {
            CheckShape(tensor, tensor.Type == StoredType.F4 ? expected.Shape : [rows, columns / 2]);
            CheckType(scale, StoredType.F8E8M0, StoredType.U8, StoredType.F32);
            CheckShape(scale, [rows, (columns + 31) / 32]);
        }

        if (expected.Role == TensorRole.Expert) expertScales.Add(scale);
        else CheckScales(scale);
    }

    private StoredTensor Find(string name, string expected)
    {
        known.Add(name);
        return tensors.TryGetValue(name, out StoredTensor? tensor)
            ? tensor
            : throw new CheckpointException(directory, name, expected, "none", "the checkpoint is incomplete, fetch its files again");
    }

    private static void CheckType(StoredTensor tensor, params ReadOnlySpan<StoredType> allowed)
    {
        if (allowed.Contains(tensor.Type)) return;
        string names = string.Join(", ", allowed.ToArray().Select(StoredTypes.NameOf));
        throw new CheckpointException(tensor.File, tensor.Name, $"dtype {names}", StoredTypes.NameOf(tensor.Type));
    }

    private static void CheckShape(StoredTensor tensor, IReadOnlyList<long> shape)
    {
        if (tensor.Shape.SequenceEqual(shape)) return;
        throw new CheckpointException(
            tensor.File, tensor.Name, $"shape [{string.Join(", ", shape)}]", $"[{string.Join(", ", tensor.Shape)}]",
            "config.json and the weights do not belong together, fetch both again");
    }

    private void CheckScales(StoredTensor scale) => files.ReadAll(scale, (bytes, offset) => ScaleCheck.Verify(scale, bytes, offset));

    private void CheckExpertTable(StoredTensor tensor) => files.ReadAll(tensor, (bytes, _) =>
    {
        if (tensor.Type == StoredType.I64)
        {
            foreach (long id in MemoryMarshal.Cast<byte, long>(bytes)) CheckExpert(tensor, id);
        }
        else
        {
            foreach (int id in MemoryMarshal.Cast<byte, int>(bytes)) CheckExpert(tensor, id);
        }
    });

    private void CheckExpert(StoredTensor tensor, long id)
    {
        if ((ulong)id >= (ulong)config.ExpertCount)
            throw new CheckpointException(tensor.File, tensor.Name, $"expert ids from 0 to {config.ExpertCount - 1}", $"{id}");
    }
}
