namespace Fathom.Checkpoints.Transformers;

/// <summary>Gives the tensors of a folder their official names, whatever naming its files have; stacked experts are cut apart without copying.</summary>
/// <param name="path">The folder, for messages.</param>
/// <param name="config">The architecture.</param>
/// <param name="found">The tensors by their names in the files.</param>
internal sealed class TransformersShards(string path, V4Config config, Dictionary<string, StoredTensor> found)
{
    private readonly HashSet<string> used = new(StringComparer.Ordinal);

    /// <summary>Tells which naming a folder has.</summary>
    /// <exception cref="CheckpointException">It has both, or none that is known.</exception>
    public static TensorNaming Recognise(string path, IReadOnlyCollection<string> names)
    {
        string? official = names.FirstOrDefault(name => TransformersNames.Recognise(name) == TensorNaming.Official);
        string? other = names.FirstOrDefault(name => TransformersNames.Recognise(name) == TensorNaming.Transformers);
        if (official is not null && other is not null)
        {
            throw new CheckpointException(
                path, other, $"official names throughout, as '{official}' is one", "this transformers-style name beside it",
                "the files are of two copies of a model, or of a converter that stopped half-way; fetch or convert them again into an empty folder");
        }

        if (official is null && other is null && names.Count > 0)
        {
            throw new CheckpointException(
                path, names.First(), "official names, such as 'embed.weight', or transformers-style ones, such as 'model.embed_tokens.weight'", "neither",
                "the weights are of another architecture, or of a converter whose names are not known");
        }

        return other is null ? TensorNaming.Official : TensorNaming.Transformers;
    }

    /// <summary>Takes the prefix off names that are official but for it.</summary>
    public static Dictionary<string, StoredTensor> WithoutPrefix(Dictionary<string, StoredTensor> found)
    {
        if (!found.Keys.Any(name => name.StartsWith(TransformersNames.Prefix, StringComparison.Ordinal))) return found;
        var named = new Dictionary<string, StoredTensor>(found.Count, StringComparer.Ordinal);
        foreach ((string name, StoredTensor tensor) in found)
        {
            string bare = TransformersNames.Bare(name);
            if (!named.TryAdd(bare, tensor.Part(bare))) throw new CheckpointException(tensor.File, name, $"'{bare}' once, with or without '{TransformersNames.Prefix}'", "it twice");
        }

        return named;
    }

    /// <summary>The tensors of the main model under their official names; those of an MTP block, which the library does not load, stay what they are.</summary>
    /// <exception cref="CheckpointException">One is missing, of another shape, or does not belong there.</exception>
    public Dictionary<string, StoredTensor> Name()
    {
        var named = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (ExpectedTensor expected in TensorLayout.MainModel(config))
        {
            StoredTensor tensor = Find(expected, null) ?? throw Missing(expected, isScale: false);
            named.Add(expected.Name, tensor);
            if (!expected.MayBeScaled || StoredTypes.FormatOf(tensor.Type) is not null) continue;
            named.Add(expected.ScaleName, Find(expected, tensor) ?? throw Missing(expected, isScale: true));
        }

        foreach ((string name, StoredTensor tensor) in found)
        {
            string bare = TransformersNames.Bare(name);
            if (used.Contains(name) || bare.EndsWith("inv_freq", StringComparison.Ordinal)) continue;
            if (!bare.StartsWith("mtp.", StringComparison.Ordinal) || !named.TryAdd(bare, tensor.Part(bare)))
                throw new CheckpointException(tensor.File, name, "only tensors of the architecture in config.json, under transformers-style names", "a tensor that does not belong to it, or is there twice");
        }

        return named;
    }

    // The weights of an expected tensor; its scales where the weights are given.
    private StoredTensor? Find(ExpectedTensor expected, StoredTensor? weights)
    {
        TransformersPlace place = TransformersNames.Of(expected.Name, isScale: weights is not null);
        string official = weights is null ? expected.Name : expected.ScaleName;
        if (First(place.Names) is { } own) return own.Part(official);
        return First(place.Stacks) is { } stack ? Cut(stack, official, place, weights is null ? Stored(expected.Shape, stack.Type) : Scales(expected.Shape, weights.Type)) : null;
    }

    private StoredTensor? First(string[] names)
    {
        foreach (string name in names)
        {
            string full = TransformersNames.Full(name), key = found.ContainsKey(full) ? full : name;
            if (!found.TryGetValue(key, out StoredTensor? tensor)) continue;
            used.Add(key);
            return tensor;
        }

        return null;
    }

    // Experts are stacked, [experts, parts · out, in].
    private StoredTensor Cut(StoredTensor stack, string official, TransformersPlace place, long[] shape)
    {
        long[] wanted = [config.ExpertCount, place.Parts * shape[0], shape[1]];
        if (!stack.Shape.SequenceEqual(wanted))
        {
            throw new CheckpointException(
                stack.File, stack.Name, $"shape [{string.Join(", ", wanted)}], all experts of a layer one after the other", $"[{string.Join(", ", stack.Shape)}]",
                "config.json and the weights do not belong together, or another converter stacked the experts in another way");
        }

        long bytes = stack.ByteLength / (config.ExpertCount * (long)place.Parts);
        return stack.Part(official, shape, ((place.Expert * (long)place.Parts) + place.Part) * bytes, bytes);
    }

    // Two FP4 values are a byte, unless the type counts values.
    private static long[] Stored(long[] shape, StoredType type) => type is StoredType.I8 or StoredType.U8 ? [shape[0], shape[1] / 2] : shape;

    private static long[] Scales(long[] shape, StoredType type) => type == StoredType.F8E4M3 ? [(shape[0] + 127) / 128, (shape[1] + 127) / 128] : [shape[0], (shape[1] + 31) / 32];

    private CheckpointException Missing(ExpectedTensor expected, bool isScale)
    {
        TransformersPlace place = TransformersNames.Of(expected.Name, isScale);
        string name = TransformersNames.Full(place.Stacks.Length > 0 ? place.Stacks[0] : place.Names[0]);
        string known = found.Keys.First(key => TransformersNames.Recognise(key) == TensorNaming.Transformers);
        string what = isScale ? $"the block scales of {expected.Name}" : $"this tensor, officially {expected.Name}";
        return new CheckpointException(
            path, name, what, "none",
            $"the names are transformers-style, as '{known}' is; files are missing or another converter made them, fetch or convert them again");
    }
}
