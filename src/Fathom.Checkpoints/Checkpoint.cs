using Fathom.Checkpoints.Gguf;
using Fathom.Checkpoints.Transformers;
using Fathom.Compute;

namespace Fathom.Checkpoints;

/// <summary>
/// An opened checkpoint: a folder with official or transformers-style names, or a GGUF file. Config, mapped files, and every tensor checked
/// against what the config implies. What is there is decided by the tensors, never by flags.
/// </summary>
public sealed unsafe class Checkpoint : IDisposable
{
    private const string GgufExtension = ".gguf";

    private readonly IReadOnlyList<ICheckpointFile> files;
    private readonly Dictionary<string, StoredTensor> tensors;

    private Checkpoint(string location, V4Config config, IReadOnlyList<ICheckpointFile> files, Dictionary<string, StoredTensor> tensors)
    {
        Location = location;
        Config = config;
        this.files = files;
        this.tensors = tensors;
    }

    /// <summary>The folder or file.</summary>
    public string Location { get; }

    /// <summary>The architecture.</summary>
    public V4Config Config { get; }

    /// <summary>The tokenizer that a GGUF file carries; null for folders, which have a tokenizer.json.</summary>
    public GgufVocabulary? Vocabulary { get; private init; }

    /// <summary>What a GGUF file says beyond that (<see cref="GgufMetadata.OthersOf"/>); empty for folders.</summary>
    internal IReadOnlyDictionary<string, GgufValue> OtherMetadata { get; private init; } = new Dictionary<string, GgufValue>();

    /// <summary>Whether an MTP block is present: <c>mtp.0.enorm.weight</c> exists, in GGUF files the tensors that make it.</summary>
    public bool HasMultiTokenPrediction { get; private init; }

    /// <summary>What the tensors are called in the files of a folder; here they all have their official names.</summary>
    public TensorNaming Naming { get; private init; }

    /// <summary>All tensors of all files, those that plain inference ignores included.</summary>
    public IReadOnlyCollection<StoredTensor> Tensors => tensors.Values;

    /// <summary>What the tensors lie in.</summary>
    internal IReadOnlyList<ICheckpointFile> Files => files;

    /// <summary>Bytes of all tensors.</summary>
    public long TotalBytes => tensors.Values.Sum(tensor => tensor.ByteLength);

    /// <summary>Whether the scales of routed experts were all looked at on opening; in very large checkpoints each expert's are checked at its first use.</summary>
    public bool ExpertScalesAreChecked { get; private init; }

    /// <summary>A tensor by name.</summary>
    /// <exception cref="CheckpointException">There is none of this name.</exception>
    public StoredTensor this[string name] => TryGet(name, out StoredTensor tensor)
        ? tensor
        : throw new CheckpointException(Location, name, "this tensor", "none");

    /// <summary>Whether a path names a GGUF file.</summary>
    public static bool IsGguf(string path) => Path.GetExtension(path).Equals(GgufExtension, StringComparison.OrdinalIgnoreCase) && File.Exists(path);

    /// <summary>Opens a checkpoint and checks it.</summary>
    /// <param name="path">Folder with config.json and either model.safetensors or shards with model.safetensors.index.json, of either naming; or a .gguf file, any part of a split one.</param>
    /// <param name="looksAtExperts">Whether the scales of routed experts may be looked at now; else each expert's are checked at its first use, as in very large checkpoints.</param>
    /// <exception cref="CheckpointException">Anything is missing, damaged or of another architecture.</exception>
    public static Checkpoint Open(string path, bool looksAtExperts = true)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (IsGguf(path)) return OpenGguf(path, looksAtExperts);
        if (!Directory.Exists(path)) throw new CheckpointException(path, null, "a checkpoint folder or a .gguf file", "neither", "check the path");
        V4Config config = V4Config.Read(Path.Combine(path, "config.json"));
        var files = new List<SafetensorsFile>();
        try
        {
            Dictionary<string, StoredTensor> found = ShardSet.Open(path, files);
            TensorNaming naming = TransformersShards.Recognise(path, found.Keys);
            Dictionary<string, StoredTensor> tensors = naming == TensorNaming.Official ? TransformersShards.WithoutPrefix(found) : new TransformersShards(path, config, found).Name();
            bool hasPrediction = naming == TensorNaming.Official && tensors.ContainsKey("mtp.0.enorm.weight");
            using var weights = new WeightFiles(path, files);
            bool scalesChecked = new CheckpointValidator(path, config, tensors, weights).Validate(hasPrediction, looksAtExperts);
            return new Checkpoint(path, config, files, tensors)
            {
                Naming = naming,
                HasMultiTokenPrediction = hasPrediction,
                ExpertScalesAreChecked = scalesChecked,
            };
        }
        catch
        {
            foreach (SafetensorsFile file in files) file.Dispose();
            throw;
        }
    }

    private static Checkpoint OpenGguf(string path, bool looksAtExperts)
    {
        var files = new List<GgufFile>();
        var copies = new List<ICheckpointFile>();
        try
        {
            GgufShards.Open(path, files);
            using var weights = new WeightFiles(path, files);
            Dictionary<string, StoredTensor> found = GgufShards.Join(files);
            V4Config config = new GgufConfig(files[0], found).Read();
            Dictionary<string, StoredTensor> tensors = GgufShards.Name(path, found, config, weights, copies);
            bool hasPrediction = config.MtpLayerCount > 0;
            new CheckpointValidator(path, config, tensors, weights).Validate(hasPrediction, looksAtExperts);
            return new Checkpoint(path, config, [.. files, .. copies], tensors) { HasMultiTokenPrediction = hasPrediction, Vocabulary = GgufVocabulary.Read(files[0]), OtherMetadata = GgufMetadata.OthersOf(files[0], weights), ExpertScalesAreChecked = true };
        }
        catch
        {
            foreach (ICheckpointFile file in (IEnumerable<ICheckpointFile>)[.. files, .. copies]) file.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor by name.</summary>
    public bool TryGet(string name, out StoredTensor tensor)
    {
        bool found = tensors.TryGetValue(name, out StoredTensor? value);
        tensor = value!;
        return found;
    }

    /// <summary>A matrix in the bytes that it is stored in; it is valid until this is disposed.</summary>
    /// <param name="name">The tensor's whole name.</param>
    public WeightMatrix Matrix(string name)
    {
        StoredTensor tensor = this[name];
        int rows = (int)tensor.Shape[0], columns = (int)tensor.Shape[1];
        if (StoredTypes.FormatOf(tensor.Type) is { } format) return new WeightMatrix(format, rows, columns, tensor.Data) { Name = name };
        StoredTensor scale = this[name[..^".weight".Length] + ".scale"];
        bool scalesAreFloat = scale.Type == StoredType.F32;
        return tensor.Type == StoredType.F8E4M3
            ? new WeightMatrix(WeightFormat.Fp8, rows, columns, tensor.Data, scale.Data, scalesAreFloat) { Name = name }
            : new WeightMatrix(WeightFormat.Fp4, rows, tensor.Type == StoredType.F4 ? columns : columns * 2, tensor.Data, scale.Data, scalesAreFloat) { Name = name };
    }

    /// <summary>Unmaps all files.</summary>
    public void Dispose()
    {
        foreach (ICheckpointFile file in files) file.Dispose();
    }
}
