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

    /// <summary>What is left of parts that follow each other in a file, when an earlier run stopped between two.</summary>
    /// <param name="parts">All parts.</param>
    /// <param name="there">Bytes that the file has.</param>
    /// <exception cref="IOException">So many bytes end inside a part.</exception>
    public static IEnumerable<FolderTensor> After(IEnumerable<FolderTensor> parts, long there)
    {
        foreach (FolderTensor part in parts)
        {
            if (there == 0) yield return part;
            else if ((there -= part.Bytes) < 0) throw new IOException($"{ShardMark.FileName} of the unfinished folder is damaged: its number lies inside {part.Name}; remove the folder and begin anew.");
        }
    }
}

/// <summary>Decides in which formats the tensors of a GGUF file go into an official folder: MXFP4 as FP4, what is exactly FP8 as FP8, blocks of other formats rounded to BF16.</summary>
/// <param name="source">The GGUF file.</param>
/// <param name="reader">Reads what the decision depends on.</param>
/// <param name="cancellation">Stops the work.</param>
internal sealed class FolderPlan(Checkpoint source, SourceReader reader, CancellationToken cancellation)
{
    private readonly ExpectedTensor[] layout = [.. TensorLayout.Of(source.Config, source.HasMultiTokenPrediction)];

    /// <summary>How many matrices had to be rounded.</summary>
    public int Rounded { get; private set; }

    /// <summary>Bytes that are looked at before the decision is made.</summary>
    public long LookedAtBytes => layout.Select(expected => (expected, tensor: source[expected.Name])).Where(pair => IsLookedAt(pair.expected, pair.tensor)).Sum(pair => pair.tensor.ByteLength);

    /// <summary>Bytes of the folder when all is found that makes it smaller, and when nothing is.</summary>
    public (long Least, long Most) Bytes()
    {
        long least = 0, most = 0;
        foreach (ExpectedTensor expected in layout)
        {
            StoredTensor tensor = source[expected.Name];
            if (IsLookedAt(expected, tensor))
            {
                long smaller = expected.MayBeScaled ? Fp8(expected, []).Sum(part => part.Bytes) : expected.Count * 2;
                (least, most) = (least + Math.Min(smaller, tensor.ByteLength), most + Math.Max(smaller, tensor.ByteLength));
            }
            else
            {
                long bytes = Plain(expected, tensor).Sum(part => part.Bytes);
                (least, most) = (least + bytes, most + bytes);
            }
        }

        return (least, most);
    }

    /// <summary>The tensors in the order of the layout.</summary>
    /// <param name="looked">Hears of bytes that were looked at; of all of a tensor as soon as it is decided.</param>
    public List<FolderTensor> Tensors(Action<long> looked)
    {
        var tensors = new List<FolderTensor>();
        Rounded = 0;
        foreach (ExpectedTensor expected in layout)
        {
            cancellation.ThrowIfCancellationRequested();
            StoredTensor tensor = source[expected.Name];
            if (!IsLookedAt(expected, tensor))
            {
                if (expected.Role != TensorRole.ExpertTable && StoredTypes.IsGgufBlock(tensor.Type) && !IsFp4(expected, tensor)) Rounded++;
                tensors.AddRange(Plain(expected, tensor));
                continue;
            }

            tensors.AddRange(Look(expected, tensor));
            looked(tensor.ByteLength);
        }

        return tensors;
    }

    private static bool IsFp4(ExpectedTensor expected, StoredTensor tensor) => expected.MayBeScaled && tensor.Type == StoredType.Mxfp4;

    // Numbers of 16 and 32 bits may once have been fewer.
    private static bool IsLookedAt(ExpectedTensor expected, StoredTensor tensor) =>
        expected.Role is not (TensorRole.ExpertTable or TensorRole.Small) && !StoredTypes.IsGgufBlock(tensor.Type) && (expected.MayBeScaled || tensor.Type == StoredType.F32);

    private static FolderTensor[] Plain(ExpectedTensor expected, StoredTensor tensor)
    {
        (string name, long[] shape) = (expected.Name, expected.Shape);
        if (IsFp4(expected, tensor)) return [new(name, StoredType.I8, [shape[0], shape[1] / 2], name), new(expected.ScaleName, StoredType.F8E8M0, [shape[0], shape[1] / WeightMatrix.Fp4Group], name)];
        StoredType type = expected.Role switch
        {
            TensorRole.ExpertTable => StoredType.I64,
            TensorRole.Small => StoredType.F32,
            _ => StoredTypes.IsGgufBlock(tensor.Type) ? StoredType.BF16 : tensor.Type,
        };
        return [new(name, type, shape, name)];
    }

    private static FolderTensor[] Fp8(ExpectedTensor expected, byte[] scales)
    {
        const int edge = WeightMatrix.Fp8Block;
        (string name, long[] shape) = (expected.Name, expected.Shape);
        return [new(name, StoredType.F8E4M3, shape, name, scales), new(expected.ScaleName, StoredType.F8E8M0, [(shape[0] + edge - 1) / edge, (shape[1] + edge - 1) / edge], name, scales)];
    }

    // Stops reading as soon as it is neither.
    private FolderTensor[] Look(ExpectedTensor expected, StoredTensor tensor)
    {
        int rows = SourcePiece.RowsOf(tensor), blocks = Fp8Blocks.BlocksOf((int)tensor.Shape[^1]);
        byte[]? scales = expected.MayBeScaled ? new byte[(rows + WeightMatrix.Fp8Block - 1) / WeightMatrix.Fp8Block * blocks] : null;
        bool isBFloat16 = tensor.Type == StoredType.F32;
        IEnumerable<RowRange<bool>> ranges = SourceReader.Pieces(rows, tensor.ByteLength / rows).Select(piece => new RowRange<bool>(true, [expected.Name], piece.First, piece.Count, false));
        foreach ((_, SourcePiece piece) in reader.Read(ranges))
        {
            if (scales is not null && !Fp8Blocks.TryScales(piece.Matrix(0), scales.AsMemory(piece.FirstRow / WeightMatrix.Fp8Block * blocks), cancellation)) scales = null;
            isBFloat16 = isBFloat16 && IsBFloat16(piece.Bytes(0));
            if (scales is null && !isBFloat16) break;
        }

        return scales is not null ? Fp8(expected, scales) : [new(expected.Name, isBFloat16 ? StoredType.BF16 : tensor.Type, expected.Shape, expected.Name)];
    }

    // GGUF keeps norms, and some files everything, in 32 bits.
    private static bool IsBFloat16(ReadOnlySpan<byte> floats)
    {
        foreach (uint bits in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(floats))
        {
            if ((bits & 0xFFFF) != 0) return false;
        }

        return true;
    }
}
