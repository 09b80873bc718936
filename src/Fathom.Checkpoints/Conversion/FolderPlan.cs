using Fathom.Compute;

namespace Fathom.Checkpoints.Conversion;

/// <summary>One tensor of an official folder in the making.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Type">Its format there.</param>
/// <param name="Shape">Its shape there.</param>
/// <param name="Source">The official name of the weights that it is made of.</param>
/// <param name="Scales">The scales of an FP8 matrix.</param>
internal sealed record FolderTensor(string Name, StoredType Type, long[] Shape, string Source, byte[]? Scales = null)
{
    public long Bytes => StoredTypes.BytesOf(Type, Shape);
}

/// <summary>Decides in which formats the tensors of a GGUF file go into an official folder: MXFP4 as FP4, what is exactly FP8 as FP8, blocks of other formats rounded to BF16.</summary>
internal sealed class FolderPlan(Checkpoint source, CancellationToken cancellation)
{
    private readonly MappedPages pages = new(source);

    /// <summary>How many matrices had to be rounded.</summary>
    public int Rounded { get; private set; }

    /// <summary>The tensors in the order of the layout.</summary>
    public List<FolderTensor> Tensors() => [.. TensorLayout.Of(source.Config, source.HasMultiTokenPrediction).SelectMany(Of)];

    private IEnumerable<FolderTensor> Of(ExpectedTensor expected)
    {
        cancellation.ThrowIfCancellationRequested();
        (string name, long[] shape) = (expected.Name, expected.Shape);
        StoredTensor tensor = source[name];
        pages.Read(tensor.ByteLength);
        if (expected.Role == TensorRole.ExpertTable) return [new(name, StoredType.I64, shape, name)];
        if (expected.Role == TensorRole.Small) return [new(name, StoredType.F32, shape, name)];
        if (expected.MayBeScaled && tensor.Type == StoredType.Mxfp4)
            return [new(name, StoredType.I8, [shape[0], shape[1] / 2], name), new(expected.ScaleName, StoredType.F8E8M0, [shape[0], shape[1] / 32], name)];
        if (StoredTypes.IsGgufBlock(tensor.Type))
        {
            Rounded++;
            return [new(name, StoredType.BF16, shape, name)];
        }

        if (expected.MayBeScaled && Fp8Blocks.Scales(source.Matrix(name), cancellation) is { } scales)
            return [new(name, StoredType.F8E4M3, shape, name, scales), new(expected.ScaleName, StoredType.F8E8M0, [(shape[0] + 127) / 128, (shape[1] + 127) / 128], name, scales)];
        return [new(name, tensor.Type == StoredType.F32 && IsBFloat16(tensor) ? StoredType.BF16 : tensor.Type, shape, name)];
    }

    // GGUF keeps norms, and some files everything, in 32 bits.
    private static unsafe bool IsBFloat16(StoredTensor tensor)
    {
        for (long i = 0; i < tensor.ByteLength; i += 4)
        {
            if (*(ushort*)(tensor.Data + i) != 0) return false;
        }

        return true;
    }
}
