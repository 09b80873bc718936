using Fathom.Checkpoints.Gguf;
using Fathom.Compute;

namespace Fathom.Checkpoints.Conversion;

/// <summary>One tensor of a GGUF file in the making.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Its format there.</param>
/// <param name="Shape">Outermost first; experts are stacked.</param>
/// <param name="Sources">Official names of what it is made of: one, or all experts of a layer in their order, or matrices whose rows are joined.</param>
/// <param name="RoundsThrough">A format that the values are rounded to before they are stored; null for none.</param>
/// <param name="JoinsRows">Whether each row is made of the sources' rows, one after the other.</param>
internal sealed record PlannedTensor(string Name, StoredType Type, long[] Shape, IReadOnlyList<string> Sources, WeightFormat? RoundsThrough = null, bool JoinsRows = false)
{
    public long Bytes => StoredTypes.BytesOf(Type, Shape);
}

/// <summary>Decides which tensors a GGUF file gets, in which formats (checkpoint specification, sections 4.3 and 4.4).</summary>
/// <param name="source">The checkpoint, of either kind.</param>
/// <param name="options">What goes in, and what becomes of FP8.</param>
/// <param name="expertFormat">The format of a routed expert's matrix by its official name (any expert of the layer) and the one it would keep.</param>
internal sealed class GgufPlan(Checkpoint source, GgufOptions options, Func<ExpectedTensor, StoredType, (StoredType Type, WeightFormat? RoundsThrough)>? expertFormat = null)
{
    /// <summary>Whether the file gets the MTP block.</summary>
    public bool HasPrediction => options.MultiTokenPrediction && source.HasMultiTokenPrediction;

    /// <summary>What a person should know of what was left out.</summary>
    public string[] Notes => source.HasMultiTokenPrediction && !HasPrediction ? ["The multi-token-prediction block is left out, because other engines may refuse files with it; --mtp takes it in."] : [];

    /// <summary>The tensors in the order of the layout.</summary>
    public List<PlannedTensor> Tensors()
    {
        var planned = new Dictionary<string, PlannedTensor>(StringComparer.Ordinal);
        var order = new List<string>();
        foreach (ExpectedTensor expected in TensorLayout.Of(source.Config, HasPrediction))
        {
            (IEnumerable<string> names, int expert) = GgufNames.Of(expected.Name, source.Config.LayerCount);
            string name = names.First();
            StoredType kept = Kept(expected);
            if (GgufNames.IsProjection(expected.Name))
            {
                Join(expected, kept, planned, order);
            }
            else if (expert < 0)
            {
                planned.Add(name, new(name, kept, expected.Shape, [expected.Name]));
                order.Add(name);
            }
            else if (!planned.TryGetValue(name, out PlannedTensor? stack))
            {
                (StoredType type, WeightFormat? rounds) = expertFormat?.Invoke(expected, kept) ?? (kept, null);
                planned.Add(name, new(name, type, [source.Config.ExpertCount, .. expected.Shape], new List<string> { expected.Name }, rounds));
                order.Add(name);
            }
            else
            {
                if (expertFormat is null && kept != stack.Type)
                    throw new CheckpointException(source.Location, expected.Name, $"the same format in all experts of a layer, {StoredTypes.NameOf(stack.Type)}", StoredTypes.NameOf(kept));
                ((List<string>)stack.Sources).Add(expected.Name);
            }
        }

        return [.. order.Select(name => planned[name])];
    }

    // The MTP block's projections, [D, D] each, are one matrix [D, 2·D].
    private void Join(ExpectedTensor expected, StoredType kept, Dictionary<string, PlannedTensor> planned, List<string> order)
    {
        string name = GgufNames.JoinedProjections(source.Config.LayerCount);
        if (!planned.TryGetValue(name, out PlannedTensor? first))
        {
            planned.Add(name, new(name, kept, [expected.Shape[0], 2 * expected.Shape[1]], [expected.Name], JoinsRows: true));
            order.Add(name);
            return;
        }

        planned[name] = first with { Type = kept == first.Type ? kept : StoredType.F32, Sources = [.. first.Sources, expected.Name] };
    }

    // The format that holds what the source says, exactly wherever there is one.
    private StoredType Kept(ExpectedTensor expected)
    {
        StoredTensor tensor = source[expected.Name];
        if (expected.Role == TensorRole.ExpertTable) return StoredType.I32;
        if (expected.Role == TensorRole.Small || expected.Shape.Length == 1 || options.Matrices == MatrixFormat.F32) return StoredType.F32;
        bool isBlocks = expected.Shape[^1] % WeightMatrix.Fp4Group == 0;
        return tensor.Type switch
        {
            // Whatever wider numbers they came in: of another converter's file, or of a Base checkpoint.
            StoredType.F8E4M3 or StoredType.BF16 or StoredType.F16 or StoredType.F32 when options.Matrices == MatrixFormat.Q80 && expected.Role == TensorRole.Linear && isBlocks => StoredType.Q80,
            StoredType.F8E4M3 => HasFloatScales(expected) ? StoredType.F32 : StoredType.BF16,
            StoredType.I8 or StoredType.U8 or StoredType.F4 => HasFloatScales(expected) || !isBlocks ? StoredType.F32 : StoredType.Mxfp4,
            var type => type,
        };
    }

    // Scales of Base checkpoints are no powers of two.
    private bool HasFloatScales(ExpectedTensor expected) => source[expected.ScaleName].Type == StoredType.F32;
}
