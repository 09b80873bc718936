using Fathom.Checkpoints.Transformers;

namespace Fathom.Checkpoints.Conversion;

/// <summary>One tensor of a folder in the making.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Type">Its format there.</param>
/// <param name="Shape">Its shape there.</param>
/// <param name="Parts">What it is made of, one after the other: itself, or a piece of each expert of a layer.</param>
internal sealed record NamedTensor(string Name, StoredType Type, long[] Shape, IReadOnlyList<FolderTensor> Parts);

/// <summary>Decides which tensors a folder of another naming gets; formats stay, and experts of a layer become stacks or come out of them. The MTP block stays out.</summary>
/// <param name="source">The checkpoint, of any kind.</param>
/// <param name="naming">The naming that is wanted.</param>
/// <param name="reader">Reads the checkpoint.</param>
/// <param name="cancellation">Stops the work.</param>
internal sealed class NamingPlan(Checkpoint source, TensorNaming naming, SourceReader reader, CancellationToken cancellation)
{
    private readonly FolderPlan? ofGguf = source.Vocabulary is null ? null : new FolderPlan(source, reader, cancellation);

    /// <summary>Bytes that are looked at before formats are decided.</summary>
    public long LookedAtBytes => ofGguf?.LookedAtBytes ?? 0;

    /// <summary>What a person should know.</summary>
    public IEnumerable<string> Notes
    {
        get
        {
            if (source.Tensors.Any(tensor => IsPrediction(tensor.Name)))
                yield return "The mtp.* tensors are left out, because transformers-style copies have no place for them: the folder has no multi-token-prediction block.";
            if (ofGguf is { Rounded: > 0 })
                yield return $"{ofGguf.Rounded} matrices of block formats were rounded to BF16, because safetensors files have no place for them.";
        }
    }

    /// <summary>The tensors in the order of the layout.</summary>
    /// <param name="looked">Hears of bytes that were looked at.</param>
    public List<NamedTensor> Tensors(Action<long> looked)
    {
        IEnumerable<FolderTensor> all = ofGguf is not null ? ofGguf.Tensors(looked).Where(tensor => !IsPrediction(tensor.Name)) : TensorLayout.MainModel(source.Config).SelectMany(Of);
        return naming == TensorNaming.Official ? [.. all.Select(tensor => new NamedTensor(tensor.Name, tensor.Type, tensor.Shape, [tensor]))] : Stacked(all);
    }

    private static bool IsPrediction(string name) => name.StartsWith("mtp.", StringComparison.Ordinal);

    private IEnumerable<FolderTensor> Of(ExpectedTensor expected)
    {
        yield return Of(source[expected.Name], isScale: false);
        if (expected.MayBeScaled && source.TryGet(expected.ScaleName, out StoredTensor scale)) yield return Of(scale, isScale: true);
    }

    // Bytes that converters gave another type get the official one again; the bytes stay the same, but for expert ids of 32 bits.
    private FolderTensor Of(StoredTensor tensor, bool isScale)
    {
        long[] shape = [.. tensor.Shape];
        (StoredType type, shape) = tensor.Type switch
        {
            _ when naming != TensorNaming.Official => (tensor.Type, shape),
            StoredType.U8 => (isScale ? StoredType.F8E8M0 : StoredType.I8, shape),
            StoredType.F4 => (StoredType.I8, [shape[0], shape[1] / 2]),
            StoredType.I32 => (StoredType.I64, shape),
            _ => (tensor.Type, shape),
        };
        return new FolderTensor(tensor.Name, type, shape, tensor.Name);
    }

    private List<NamedTensor> Stacked(IEnumerable<FolderTensor> all)
    {
        var named = new List<NamedTensor>();
        var stacks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (FolderTensor tensor in all)
        {
            bool isScale = tensor.Name.EndsWith(".scale", StringComparison.Ordinal);
            TransformersPlace place = TransformersNames.Of(isScale ? tensor.Name[..^".scale".Length] + ".weight" : tensor.Name, isScale);
            if (place.Stacks.Length == 0)
            {
                named.Add(new NamedTensor(TransformersNames.Full(place.Names[0]), tensor.Type, tensor.Shape, [tensor]));
                continue;
            }

            string name = TransformersNames.Full(place.Stacks[0]);
            if (!stacks.TryGetValue(name, out int index))
            {
                stacks.Add(name, index = named.Count);
                named.Add(new NamedTensor(name, tensor.Type, [source.Config.ExpertCount, place.Parts * tensor.Shape[0], tensor.Shape[1]], new FolderTensor[source.Config.ExpertCount * place.Parts]));
            }

            ((FolderTensor[])named[index].Parts)[(place.Expert * place.Parts) + place.Part] = tensor;
        }

        return [.. named.Where(tensor => !IsScaleOf(tensor, named, stacks)).Select(Alike)];
    }

    // Experts that a GGUF file keeps in wide numbers may be FP8 exactly, and some of a layer may not: a stack has one format, which holds all of them.
    private NamedTensor Alike(NamedTensor stack)
    {
        if (!IsMixed(stack)) return stack;
        if (ofGguf is null)
        {
            FolderTensor other = stack.Parts.First(part => part.Type != stack.Type);
            throw new CheckpointException(source.Location, other.Name, $"the same format in all experts of a layer, {StoredTypes.NameOf(stack.Type)}", StoredTypes.NameOf(other.Type), "transformers-style names stack them; keep the official names");
        }

        StoredType type = stack.Parts.All(part => part.Type is StoredType.I8 or StoredType.F8E4M3 or StoredType.BF16) ? StoredType.BF16 : StoredType.F32;
        FolderTensor[] parts = [.. stack.Parts.Select(part => part with { Type = type, Shape = [.. source[part.Source].Shape], Scales = null })];
        return new NamedTensor(stack.Name, type, [stack.Shape[0], stack.Parts.Count / stack.Shape[0] * parts[0].Shape[0], parts[0].Shape[1]], parts);
    }

    private static bool IsMixed(NamedTensor tensor) => tensor.Parts.Any(part => part is null || part.Type != tensor.Type);

    // The scales of a stack that is made alike are gone.
    private bool IsScaleOf(NamedTensor tensor, List<NamedTensor> named, Dictionary<string, int> stacks) =>
        ofGguf is not null && tensor.Parts.Count > 1 && TransformersNames.WeightsOf(tensor.Name) is { } weights && IsMixed(named[stacks[weights]]);
}
